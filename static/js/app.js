/* Theme, rail, menus, toasts, busy and stale marks, forms that go out once. Listeners hang on document only. */
(() => {
  "use strict";

  const root = document.documentElement;
  const YEAR_S = 31536000;
  const remember = (name, value) => {
    document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=lax`;
  };

  const currentTheme = () =>
    root.dataset.bsTheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

  const toast = (text, level) => {
    const note = document.createElement("div");
    note.className = `toast-note ${level || "info"}`;
    const words = document.createElement("p");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", "Dismiss");
    close.textContent = "×";
    note.append(words, close);
    const region = document.getElementById("toasts");
    if (!region) return;
    region.append(note);
    // An error stays until it is dismissed: its text may be needed.
    if (level !== "error") setTimeout(() => note.remove(), 8000);
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-theme-toggle], [data-rail-toggle], [data-dismiss], [data-print]");
    if (target?.hasAttribute("data-print")) window.print();
    if (target?.hasAttribute("data-theme-toggle")) {
      const next = currentTheme() === "dark" ? "light" : "dark";
      root.dataset.bsTheme = next;
      remember("theme", next);
      document.dispatchEvent(new CustomEvent("theme-changed"));
    } else if (target?.hasAttribute("data-rail-toggle")) {
      const on = root.dataset.rail !== "on";
      if (on) root.dataset.rail = "on";
      else delete root.dataset.rail;
      remember("rail", on ? "on" : "off");
      window.dispatchEvent(new Event("resize"));
    } else if (target) {
      target.closest(".toast-note")?.remove();
    }
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // A panel that stayed open would cover what has the focus next. What opened a drawer gets the focus back.
  let opener = null;
  document.addEventListener("focusin", (event) => {
    const drawer = event.target.closest(".cost-drawer");
    const from = event.relatedTarget;
    if (drawer && from && !from.closest(".cost-drawer")) opener = from;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener(
    "toggle",
    ({ target: drawer }) => {
      if (!drawer.matches(".cost-drawer") || drawer.open || !opener?.isConnected) return;
      if (document.activeElement !== document.body && !drawer.contains(document.activeElement)) return;
      const shut = opener.closest("details:not([open])");
      (shut ? shut.querySelector("summary") : opener).focus({ preventScroll: true });
    },
    true,
  );

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.querySelector("details[data-menu][open]");
      const drawer = document.getElementById("drawer");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      } else if (drawer?.checked) {
        drawer.checked = false;
        drawer.focus();
      }
      return;
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !["j", "k"].includes(event.key)) return;
    const links = [...document.querySelectorAll("table[data-row-keys] tbody a[data-row]")];
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const next = event.key === "j" ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0);
    links[next].focus();
  });

  /* --- htmx ------------------------------------------------------------------------------------- */
  document.addEventListener("toasts", (event) => {
    const notes = Array.isArray(event.detail) ? event.detail : event.detail.value;
    for (const note of notes || []) toast(note.text, note.level);
  });

  const busy = (event, on) => {
    const target = event.detail.target;
    if (target instanceof Element) target.toggleAttribute("aria-busy", false);
    if (target instanceof Element && on) target.setAttribute("aria-busy", "true");
  };
  document.addEventListener("htmx:beforeRequest", (event) => busy(event, true));
  document.addEventListener("htmx:afterRequest", (event) => busy(event, false));

  const failed = (event, words) => {
    const polled = event.detail.elt?.hasAttribute?.("data-poll");
    const target = event.detail.target;
    // One toast per region: a poll that keeps failing must not pile up notes.
    if (target instanceof Element && target.dataset.stale === "true" && polled) return;
    if (target instanceof Element) target.dataset.stale = "true";
    toast(words, "error");
  };
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 403) failed(event, "Refused: your role may not do this, or the form has expired. Reload the page.");
    else failed(event, `The server answered ${status}. What you see is the state before; reload to try again.`);
  });
  document.addEventListener("htmx:sendError", (event) =>
    failed(event, "The server cannot be reached. What you see is the last state that was read."),
  );
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target instanceof Element) delete target.dataset.stale;
  });
  // The errors of the whole form, else the first field that is refused and seen; whether there is one.
  const focusWrong = (scope) => {
    const wrong = scope.querySelectorAll("#form-errors, .field.invalid :is(input, select, textarea)");
    const first = [...wrong].find((each) => each.getClientRects().length);
    first?.focus();
    return Boolean(first);
  };
  document.addEventListener("DOMContentLoaded", () => focusWrong(document));

  document.addEventListener("htmx:afterSettle", (event) => {
    const region = event.detail.elt;
    if (!(region instanceof Element)) return;
    const said = region.matches("[data-announce]") ? region : region.querySelector("[data-announce]");
    const announcer = document.getElementById("announcer");
    if (said && announcer && announcer.textContent !== said.dataset.announce) {
      announcer.textContent = said.dataset.announce;
    }
    const asked = event.detail.requestConfig;
    const heading = region.querySelector("[data-focus]");
    // A preview comes back while somebody types: only what was sent off moves the focus to its error.
    if (asked?.triggeringEvent?.type === "submit" && focusWrong(region)) return;
    if (asked?.verb !== "get" && heading && !region.contains(document.activeElement)) heading.focus();
  });

  // What the reader opened or drew stays: the server's HTML knows neither open details nor plots.
  if (window.Idiomorph) {
    // An answer to what was typed a moment ago must not overwrite what is being typed now.
    Idiomorph.defaults.ignoreActiveValue = true;
    Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
      !(name === "open" && node.nodeName === "DETAILS");
    Idiomorph.defaults.callbacks.beforeNodeMorphed = (old, fresh) =>
      !window.flotillaCharts || window.flotillaCharts.mayMorph(old, fresh);
  }

  /* --- forms ------------------------------------------------------------------------------------- */
  const matchName = (form) => {
    const typed = form.querySelector("[name='typed_name']");
    const button = form.querySelector("button[type='submit']");
    if (typed && button && !button.hasAttribute("aria-describedby")) {
      button.disabled = typed.value !== form.dataset.typedName;
    }
  };
  const prepare = (scope) => scope.querySelectorAll("form[data-typed-name]").forEach(matchName);
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-typed-name]");
    if (form) matchName(form);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-once") || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  /* --- copying: the button appears only where the browser can --------------------------------------- */
  const offerCopies = (scope) => {
    if (navigator.clipboard) scope.querySelectorAll("[data-copy][hidden]").forEach((button) => (button.hidden = false));
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    try {
      await navigator.clipboard.writeText(source.textContent);
      toast("Copied.");
    } catch {
      toast("The browser refused to copy: select the text instead.", "error");
    }
  });
  document.addEventListener("DOMContentLoaded", () => offerCopies(document));
  document.addEventListener("htmx:load", (event) => offerCopies(event.detail.elt));

  // A file holds what is shown: its link follows the filter that htmx put into the address.
  document.addEventListener("htmx:pushedIntoHistory", () => {
    const shown = new URLSearchParams(location.search);
    shown.delete("page");
    for (const link of document.querySelectorAll("a[data-download]")) link.search = shown;
  });

  // On a phone the tabs scroll; the one that is open must be seen.
  const showTab = (scope) => {
    for (const tab of scope.querySelectorAll(".tabs [aria-current]")) {
      const strip = tab.closest(".tabs");
      strip.scrollLeft += tab.getBoundingClientRect().right - strip.getBoundingClientRect().right + 40;
    }
  };
  document.addEventListener("DOMContentLoaded", () => showTab(document));
  document.addEventListener("htmx:load", (event) => showTab(event.detail.elt));

  document.addEventListener("DOMContentLoaded", () => prepare(document));
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
})();
