/* Draws every <… data-chart-src> when it comes into view. Plotly is fetched on the first one. */
(() => {
  "use strict";

  const payloads = new WeakMap();
  let plotly = null;

  const loadPlotly = () => {
    plotly ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.body.dataset.plotlySrc;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("Plotly did not load"));
      document.head.append(script);
    });
    return plotly;
  };

  /* --- tokens → colours ------------------------------------------------------------------------- */
  const VARIABLE = /^var\((--[a-z0-9-]+)\)$/;
  const resolve = (value, styles) => {
    if (typeof value === "string") {
      const name = VARIABLE.exec(value)?.[1];
      return name ? styles.getPropertyValue(name).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => resolve(item, styles));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, styles)]));
    }
    return value;
  };

  const merge = (base, extra) => {
    const merged = { ...base };
    for (const [key, value] of Object.entries(extra || {})) {
      const nested = value && typeof value === "object" && !Array.isArray(value);
      merged[key] = nested ? merge(base[key] || {}, value) : value;
    }
    return merged;
  };

  const X_AXIS = {
    showgrid: false, zeroline: false, showline: true, linecolor: "var(--line-strong)", linewidth: 1,
    ticks: "outside", ticklen: 4, tickcolor: "var(--line-strong)", tickfont: { size: 11, color: "var(--ink-3)" },
    automargin: false, fixedrange: false, hoverformat: "%a %-d %b %H:%M UTC", type: "date",
    tickformatstops: [
      { dtickrange: [null, 86399999], value: "%H:%M" },
      { dtickrange: [86400000, null], value: "%-d %b" },
    ],
  };
  const Y_AXIS = {
    gridcolor: "var(--chart-grid)", gridwidth: 1, zeroline: false, showline: true, linecolor: "var(--line-strong)",
    tickfont: { size: 11, color: "var(--ink-3)" }, automargin: true, fixedrange: true, rangemode: "tozero", nticks: 5,
  };
  const layoutOf = (layout, narrow) => {
    const base = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true, showlegend: false,
      font: { family: '"Inter Variable", system-ui, sans-serif', size: 12, color: "var(--ink-2)" },
      margin: { l: 44, r: 8, t: 28, b: 28 }, bargap: 0.28, hovermode: "x unified", dragmode: "zoom",
      hoverlabel: { bgcolor: "var(--raised)", bordercolor: "var(--line-strong)", font: { size: 12, color: "var(--ink)" } },
      xaxis: X_AXIS, yaxis: Y_AXIS,
    };
    const merged = merge(base, layout);
    for (const key of Object.keys(merged)) {
      if (/^xaxis\d+$/.test(key)) merged[key] = merge(X_AXIS, merged[key]);
      if (/^yaxis\d+$/.test(key)) merged[key] = merge(Y_AXIS, merged[key]);
    }
    // Axes that hold words or plain numbers say so; dates are the rule.
    if (layout?.xaxis?.type && layout.xaxis.type !== "date") {
      delete merged.xaxis.tickformatstops;
      delete merged.xaxis.hoverformat;
    }
    if (narrow && merged.margin.r > 40) merged.margin = { ...merged.margin, r: 60 };
    return merged;
  };

  const say = (plot, words) => {
    const line = document.createElement("p");
    line.className = "nothing";
    line.textContent = words;
    plot.replaceChildren(line);
  };

  const paint = async (plot) => {
    const payload = payloads.get(plot);
    if (!payload) return;
    if (payload.empty) {
      if (window.Plotly && plot.dataset.drawn) Plotly.purge(plot);
      delete plot.dataset.drawn;
      say(plot, payload.empty);
      return;
    }
    const Plotly = await loadPlotly();
    if (!plot.isConnected) return;
    if (!plot.dataset.drawn) plot.replaceChildren();
    const styles = getComputedStyle(document.documentElement);
    const narrow = plot.clientWidth < 480;
    await Plotly.react(
      plot,
      resolve(payload.data, styles),
      resolve(layoutOf(payload.layout, narrow), styles),
      { displayModeBar: false, responsive: true, doubleClick: "reset" },
    );
    plot.dataset.drawn = "true";
  };

  // A source that begins with "#" is an element of the page that holds the figure.
  const read = async (source) => {
    if (source.startsWith("#")) return JSON.parse(document.querySelector(source).textContent);
    const response = await fetch(source, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  };

  const load = async (plot) => {
    plot.setAttribute("aria-busy", "true");
    try {
      payloads.set(plot, await read(plot.dataset.chartSrc));
      await paint(plot);
    } catch (error) {
      if (plot.dataset.drawn && window.Plotly) Plotly.purge(plot);
      delete plot.dataset.drawn;
      say(plot, `This chart could not be loaded (${error.message}). Its table holds the same figures.`);
    } finally {
      plot.removeAttribute("aria-busy");
    }
  };

  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        load(entry.target);
      }
    },
    { rootMargin: "200px" },
  );
  const watch = (scope) => {
    if (scope.matches?.("[data-chart-src]")) seen.observe(scope);
    scope.querySelectorAll?.("[data-chart-src]").forEach((plot) => {
      if (!plot.dataset.drawn && !payloads.has(plot)) seen.observe(plot);
    });
  };

  window.flotillaCharts = {
    // A drawn plot is kept through a morph; when its source changed it is read again in place.
    mayMorph(old, fresh) {
      if (!(old instanceof Element) || !old.matches("[data-chart-src]") || !payloads.has(old)) return true;
      const source = fresh.dataset?.chartSrc;
      if (source && source !== old.dataset.chartSrc) {
        old.dataset.chartSrc = source;
        load(old);
      }
      return false;
    },
  };

  document.addEventListener("DOMContentLoaded", () => watch(document));
  document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    const plot = event.detail.elt;
    if (!(plot instanceof Element) || !plot.matches("[data-chart-src]")) return;
    seen.unobserve(plot);
    if (window.Plotly && plot.dataset.drawn) Plotly.purge(plot);
    payloads.delete(plot);
  });
  const repaint = () => document.querySelectorAll("[data-chart-src][data-drawn]").forEach(paint);
  document.addEventListener("theme-changed", repaint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

  /* --- table, picture, CSV ----------------------------------------------------------------------- */
  const save = (text, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  // A leading sign would be run as a formula by a spreadsheet.
  const cell = (node) => {
    const text = node.textContent.trim();
    const safe = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chart-table], [data-chart-png], [data-chart-csv]");
    if (!button) return;
    const { chartTable, chartPng, chartCsv } = button.dataset;
    if (chartTable) {
      const data = document.getElementById(`${chartTable}-data`);
      data.open = !data.open;
      if (data.open) data.querySelector("[tabindex]")?.focus();
    } else if (chartPng) {
      const plot = document.getElementById(`${chartPng}-plot`);
      if (window.Plotly && plot.dataset.drawn) Plotly.downloadImage(plot, { format: "png", scale: 2, filename: chartPng });
    } else {
      const rows = document.querySelectorAll(`#${CSS.escape(chartCsv)}-data tr`);
      save([...rows].map((row) => [...row.cells].map(cell).join(",")).join("\r\n"), `${chartCsv}.csv`);
    }
  });
})();
