/** Language and theme before the first paint: as remembered, else as the system has them. */
(() => {
  const root = document.documentElement;
  const kept = (/** @type {string} */ name) => {
    try {
      return localStorage.getItem(`convscope.${name}`);
    } catch {
      return null;
    }
  };
  const asked = new URLSearchParams(location.search);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = asked.get("theme") ?? kept("theme") ?? (dark ? "dark" : "light");
  const system = navigator.language.toLowerCase();
  const chinese = /^zh-(tw|hk|mo|hant)/.test(system) ? "zh-Hant" : system.startsWith("zh") ? "zh-Hans" : "en";
  root.lang = asked.get("lang") ?? kept("lang") ?? chinese;
})();
