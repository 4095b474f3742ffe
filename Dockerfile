# A service of the runs in /runs, on a processor. Built from the wheel:
#   python -m build --wheel && docker build -t convscope .
# (add --build-arg PIP_EXTRA_INDEX_URL=… with PyTorch's index of builds without CUDA: the image is gigabytes smaller)
#   docker run --read-only --tmpfs /tmp -v ./runs:/runs:ro -p 127.0.0.1:8000:8000 convscope latest
FROM python:3.11-slim
COPY constraints.txt dist/convscope-*.whl /tmp/
ARG PIP_EXTRA_INDEX_URL=""
RUN pip install --no-cache-dir -c /tmp/constraints.txt \
        "$(echo /tmp/convscope-*.whl)[serve]" \
    && rm /tmp/constraints.txt /tmp/convscope-*.whl \
    && useradd --system --no-create-home --uid 10001 convscope
ENV PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/tmp/cache MPLCONFIGDIR=/tmp/matplotlib
USER 10001
WORKDIR /
VOLUME /runs
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/v2/health/ready')"]
ENTRYPOINT ["convscope", "serve", "--host", "0.0.0.0"]
CMD ["latest"]
