/* Polling with manners: regions marked data-poll keep still while nobody looks or somebody types in them. */
(() => {
  "use strict";

  const isPoll = (event) =>
    event.detail.elt?.hasAttribute?.("data-poll") && !event.detail.requestConfig?.triggeringEvent;

  // A focused link may be morphed around; a field or an open menu would be pulled from under the reader.
  const inUse = (target) =>
    target.contains(document.activeElement) &&
    document.activeElement.matches("input, select, textarea, dialog *, details[data-menu][open] *");

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isPoll(event)) return;
    const target = event.detail.target;
    if (document.hidden || document.querySelector("dialog[open]") || inUse(target)) event.preventDefault();
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !window.htmx) return;
    document.querySelectorAll("[data-poll]").forEach((region) => htmx.trigger(region, "poll-now"));
  });
})();
