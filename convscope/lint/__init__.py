"""What is wrong with a person's network: a forward that fails, and what runs and is wrong."""

from convscope.lint.diagnosis import Diagnosis, diagnose
from convscope.lint.suspicions import Suspicion, suspicions

__all__ = ["Diagnosis", "Suspicion", "diagnose", "suspicions"]
