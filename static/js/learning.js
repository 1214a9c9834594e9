// Where a film stands is told now and then, and when the page goes: browsers drop `unload`.
(function () {
  "use strict";
  const film = document.querySelector("video[data-place]");
  if (!film) return;
  const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  let told = Number(film.dataset.start || 0);
  film.addEventListener("loadedmetadata", () => {
    if (told > 0 && told < film.duration - 5) film.currentTime = told;
  }, { once: true });
  function tell(keepalive) {
    const place = Math.floor(film.currentTime);
    if (Math.abs(place - told) < 2) return;
    told = place;
    const body = new URLSearchParams({ place: String(place) });
    fetch(film.dataset.place, { method: "POST", body, headers, keepalive, credentials: "same-origin" }).catch(() => { told = -10; });
  }
  film.addEventListener("pause", () => tell(false));
  setInterval(() => { if (!film.paused) tell(false); }, 10000);
  addEventListener("pagehide", () => tell(true));
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") tell(true); });
})();
