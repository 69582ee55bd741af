/* Draws the figures of a report from the data beside them, and dresses them for light or dark. */
(function () {
  "use strict";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function colours() {
    var style = getComputedStyle(document.documentElement);
    return {
      text: style.getPropertyValue("--text").trim(),
      quiet: style.getPropertyValue("--quiet").trim(),
      line: style.getPropertyValue("--line").trim(),
      font: getComputedStyle(document.body).fontFamily,
    };
  }

  function dress(layout) {
    var colour = colours();
    var titled = layout.title && (layout.title.text || typeof layout.title === "string");
    layout.margin = Object.assign({ t: 48, l: 8, r: 8, b: 8 }, layout.margin);
    if (!titled) { layout.margin.t = Math.min(layout.margin.t, 16); }
    layout.paper_bgcolor = "rgba(0,0,0,0)";
    layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.font = Object.assign({ family: colour.font }, layout.font, { color: colour.text });
    Object.keys(layout).forEach(function (key) {
      if (/^[xy]axis\d*$/.test(key)) {
        layout[key] = Object.assign({}, layout[key], {
          gridcolor: colour.line, linecolor: colour.line, zerolinecolor: colour.line, automargin: true,
          tickfont: Object.assign({}, layout[key].tickfont, { color: colour.quiet }),
        });
      }
    });
    return layout;
  }

  function draw(place) {
    var figure = JSON.parse(place.querySelector("script").textContent);
    var layout = figure.layout || {};
    if (!layout.xaxis) { layout.xaxis = {}; }
    if (!layout.yaxis) { layout.yaxis = {}; }
    delete layout.width;
    layout.height = layout.height || 420;
    place.style.minHeight = layout.height + "px";
    if (place.clientWidth < 600) {  // beside it, a legend would leave no room for the figure
      layout.legend = Object.assign({}, layout.legend, { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" });
    }
    var canvas = document.createElement("div");
    place.appendChild(canvas);
    var config = Object.assign({}, figure.config, { responsive: true, displaylogo: false, plotlyServerURL: "" });
    window.Plotly.newPlot(canvas, figure.data, dress(layout), config);
    dark.addEventListener("change", function () {
      window.Plotly.react(canvas, canvas.data, dress(canvas.layout), config);
    });
  }

  document.querySelectorAll(".figure").forEach(draw);
})();
