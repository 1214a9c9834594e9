// Inside content that has no origin: the SCORM API as messages to the player's window, which lies on top.
(function () {
  "use strict";
  const given = JSON.parse(document.currentScript.dataset.cmi);
  const api = new CrossFrameAPI("*", window.top);
  // Content reads where it stopped before any message is back, so its values came along with the page.
  (function keep(value, name) {
    if (value !== null && typeof value === "object") {
      for (const key of Object.keys(value)) keep(value[key], `${name}.${key}`);
    } else if (value !== null && value !== undefined) {
      api._cache.set(name, String(value));
    }
  })(given, "cmi");
  window.API = window.API_1484_11 = api;
})();
