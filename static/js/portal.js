// Conveniences only: every page works without this file.
(function () {
  "use strict";
  const root = document.documentElement;

  // Theme: auto, light or dark, remembered in this browser --------------------------------------
  function storedTheme() {
    try { return localStorage.getItem("theme") || "auto"; } catch { return "auto"; }
  }
  function chooseTheme(theme) {
    if (theme === "auto") root.removeAttribute("data-bs-theme");
    else root.setAttribute("data-bs-theme", theme);
    try { localStorage.setItem("theme", theme); } catch { /* lasts for this page then */ }
    document.dispatchEvent(new CustomEvent("portal:theme"));
  }
  for (const radio of document.querySelectorAll("[data-theme-switch] input")) {
    radio.checked = radio.value === storedTheme();
    radio.addEventListener("change", () => chooseTheme(radio.value));
  }

  // Account menu: closes on Escape and on a press elsewhere -----------------------------------------
  const menu = document.querySelector("details.me");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu?.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });

  // Toasts: what a failed request in the background has to say -------------------------------------
  const toasts = document.getElementById("toasts");
  const pattern = document.getElementById("toast");
  function toast(text, css) {
    if (!toasts || !pattern) return;
    const box = pattern.content.firstElementChild.cloneNode(true);
    box.querySelector("span").textContent = text;
    if (css) box.classList.add(css);
    toasts.append(box);
    setTimeout(() => box.remove(), 12000);
  }
  document.addEventListener("click", (event) => event.target.closest?.("[data-close]")?.parentElement.remove());

  // The session is gone. What is being typed stays on this page: sign-in opens beside it.
  function signedOut(address) {
    if (!address?.startsWith("/") || address.startsWith("//") || document.querySelector(".toast [href]")) return;
    toast("You have been signed out. What you typed stays here. ");
    const link = document.createElement("a");
    Object.assign(link, { href: address, target: "_blank", rel: "noopener", textContent: "Sign in" });
    toasts?.lastElementChild?.querySelector("span").append(link);
  }

  const REASONS = {
    403: "You may not do this. If you should, ask your program admin.",
    404: "This is no longer there. Reload the page to see what changed.",
    409: "Somebody else changed this at the same time. Reload the page and try again.",
    413: "This is too large to send.",
    429: "Too many requests at once. Wait a moment and try again.",
  };
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status === 401) return signedOut(event.detail.xhr.getResponseHeader("X-Sign-In"));
    toast(REASONS[status] || "The portal could not do this. Nothing was changed; try again in a moment.");
  });
  document.addEventListener("htmx:sendError", () => toast("No connection to the portal. Nothing was changed."));
  document.addEventListener("htmx:timeout", () => toast("This took too long. Reload the page to see whether it was done."));

  // Signs of life while a request runs ------------------------------------------------------------------
  let running = 0;
  document.addEventListener("htmx:beforeRequest", (event) => {
    running += 1;
    root.classList.add("is-busy");
    event.detail.target?.setAttribute?.("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    running = Math.max(running - 1, 0);
    if (!running) root.classList.remove("is-busy");
    event.detail.target?.removeAttribute?.("aria-busy");
    release(event.detail.elt?.closest?.("form"));
  });

  // A form is sent once: its button rests until the answer is there ----------------------------------------
  function release(form) {
    if (!form) return;
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) {
      button.removeAttribute("aria-busy");
      button.removeAttribute("aria-disabled");
    }
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented && !isHtmx(form)) return;
    if (form.getAttribute("method")?.toLowerCase() !== "post" && !isHtmx(form)) return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "yes";
    // Not `disabled`: a disabled button would not be sent along, and it would lose the focus.
    event.submitter?.setAttribute("aria-busy", "true");
    event.submitter?.setAttribute("aria-disabled", "true");
  });
  function isHtmx(form) {
    return form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete], [data-hx-post]");
  }
  // Back from the browser's own cache, everything may be sent again.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));

  // Questions before something that cannot be undone: data-confirm="title", data-confirm-text, data-confirm-yes
  const dialog = document.getElementById("ask");
  function ask(element, title) {
    const [heading, text] = [dialog.querySelector("h2"), dialog.querySelector("p")];
    const yes = dialog.querySelector("[value=yes]");
    heading.textContent = title;
    text.textContent = element.dataset.confirmText || "";
    text.hidden = !text.textContent;
    yes.textContent = element.dataset.confirmYes || element.textContent.trim() || "Yes";
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }
  document.addEventListener("click", async (event) => {
    const element = event.target.closest?.("button[data-confirm], a[data-confirm]");
    if (!dialog || !element || element.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!(await ask(element, element.dataset.confirm))) return;
    element.dataset.confirmed = "yes";
    element.click();
    delete element.dataset.confirmed;
  }, true);
  document.addEventListener("htmx:confirm", async (event) => {
    if (!dialog || !event.detail.question) return;
    event.preventDefault();
    if (await ask(event.detail.elt, event.detail.question)) event.detail.issueRequest(true);
  });

  // Copy: data-copy="#selector" or data-copy-text ---------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy], [data-copy-text]");
    if (!button) return;
    const source = button.dataset.copy && document.querySelector(button.dataset.copy);
    const text = button.dataset.copyText || source?.value || source?.innerText || "";
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text.trim());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy by hand";
    }
    setTimeout(() => { button.textContent = before; }, 2500);
  });

  // Filters that replace a part of the page act at once; a text waits for Enter, or it would ask twice -----------------
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-live]");
    if (form && event.target.matches("select, [type=date], [type=checkbox], [type=radio]")) form.requestSubmit();
  });

  // Where to look first: the list of errors, else the first wrong field; on load and after a swap ----------------------
  function focusFirst(scope) {
    const first = scope.querySelector?.("[data-focus]") || scope.querySelector?.("[aria-invalid=true]");
    first?.focus();
  }
  focusFirst(document);
  document.addEventListener("htmx:afterSettle", (event) => focusFirst(event.detail.elt));

  // Print buttons: data-print -----------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-print]")) print();
  });
})();
