/* Filters the numbers that the report carries, and draws its charts anew. Nothing is fetched; what comes from log lines
   is only ever text. Without this script, or in a browser that cannot unpack them, the pictures in the page stay. */
(function () {
  "use strict";
  var SVG = "http://www.w3.org/2000/svg";
  var BARS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10080, 40320];
  var STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160];
  var DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  var WEEK = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
  var MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  var CLASSES = ["no status", "1xx", "2xx", "3xx", "4xx", "5xx"];
  var ERRORS = ["ERROR", "FATAL"];
  var data, chosen;

  function byId(id) { return document.getElementById(id); }
  function make(tag, attributes, text) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text !== undefined) { element.textContent = text; }
    return element;
  }
  function shape(tag, attributes, text) {
    var element = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (text !== undefined) { element.textContent = text; }
    return element;
  }
  function count(value) { return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ","); }
  function short(value) {
    var units = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
    for (var n = 0; n < units.length; n += 1) {
      if (value >= units[n][0]) { return Number((value / units[n][0]).toPrecision(6)) + units[n][1]; }
    }
    return String(value);
  }
  function two(value) { return (value < 10 ? "0" : "") + value; }
  function at(minutes) { return new Date(minutes * 60000); }
  function day(minutes) { var d = at(minutes); return d.getUTCFullYear() + "-" + two(d.getUTCMonth() + 1) + "-" + two(d.getUTCDate()); }
  function clock(minutes) { var d = at(minutes); return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()); }
  function words(minutes, width) {
    var text = DAYS[at(minutes).getUTCDay()] + " " + day(minutes);
    return width >= 1440 ? text : text + " " + clock(minutes);
  }
  function span(minutes) {
    var units = [[1440, "day"], [60, "hour"], [1, "minute"]];
    for (var n = 0; n < units.length; n += 1) {
      if (minutes % units[n][0] === 0) {
        var many = minutes / units[n][0];
        return many + " " + units[n][1] + (many > 1 ? "s" : "");
      }
    }
    return minutes + " minutes";
  }
  function percent(value) { return Number(value.toFixed(3)) + "%"; }

  /* What is chosen: minutes since 1970 (UTC), and which levels, sources and classes are on. */
  function everything() {
    return {
      from: data.start, to: data.end,
      levels: data.levels.map(function () { return true; }),
      sources: data.sources.map(function () { return true; }),
      classes: CLASSES.map(function () { return true; }),
    };
  }

  /* Visit each count in what is chosen: minute, level, events, bytes. */
  function counts(visit) {
    data.counts.forEach(function (row) {
      if (!chosen.sources[row[0]] || !chosen.levels[row[1]] || !chosen.classes[row[2]]) { return; }
      var place = 0;
      for (var n = 0; n < row[3].length; n += 1) {
        place += row[3][n];
        var minute = data.first + place * data.width;
        if (minute + data.width > chosen.from && minute < chosen.to) { visit(minute, row[1], row[4][n], row[5][n], row[2]); }
      }
    });
  }
  /* The same of a value or pattern, whose buckets are coarser: those that the range touches. */
  function each(places, sources, levels, classes, events, visit) {
    var place = 0;
    for (var n = 0; n < places.length; n += 1) {
      place += places[n];
      var minute = data.first + place * data.coarse;
      if (minute + data.coarse > chosen.from && minute < chosen.to && chosen.sources[sources[n]] &&
          chosen.levels[levels[n]] && (!classes || chosen.classes[classes[n]])) {
        visit(minute, levels[n], events[n], sources[n]);
      }
    }
  }

  function barWidth(most) {
    var wide = BARS.filter(function (one) { return one >= data.width && one % data.width === 0; });
    var minutes = chosen.to - chosen.from;
    return wide.filter(function (one) { return minutes / one <= most; })[0] || wide[wide.length - 1];
  }
  function floor(minute, width) { return Math.floor(minute / width) * width; }

  function stacked(minutes, names) {
    var first = floor(chosen.from, minutes);
    var size = Math.max(1, Math.ceil((chosen.to - first) / minutes));
    var rows = names.map(function () { return new Array(size).fill(0); });
    counts(function (minute, level, events) {
      var row = names.indexOf(data.levels[level]);
      var bar = Math.min(Math.max(Math.floor((minute - first) / minutes), 0), size - 1);
      if (row >= 0) { rows[row][bar] += events; }
    });
    return { first: first, minutes: minutes, names: names, rows: rows, size: size };
  }

  function scale(most) {
    if (most <= 0) { return [1, [0, 1]]; }
    var raw = most / 4, size = raw >= 1 ? Math.pow(10, Math.floor(Math.log10(raw))) : 1;
    var step = [1, 2, 2.5, 5, 10].map(function (n) { return size * n; })
      .filter(function (one) { return one >= raw && one === Math.floor(one); })[0] || size * 10;
    var ticks = [];
    for (var n = 0; n <= Math.ceil(most / step); n += 1) { ticks.push(n * step); }
    return [ticks[ticks.length - 1], ticks];
  }

  function timeTicks() {
    var minutes = chosen.to - chosen.from, found = [];
    var step = STEPS.filter(function (one) { return minutes / one <= 8; })[0];
    function add(minute, text) {
      var place = (minute - chosen.from) / minutes;
      if (place >= 0 && place <= 0.97) { found.push([place, text, found.length % 2 === 1]); }
    }
    if (step) {
      for (var minute = floor(chosen.from, step); minute < chosen.to; minute += step) {
        var date = at(minute), named = date.getUTCDate() + " " + MONTHS[date.getUTCMonth()];
        add(minute, step >= 1440 || minute % 1440 === 0 ? named : clock(minute));
      }
      return found;
    }
    var months = [1, 2, 3, 6, 12, 24, 60, 120].filter(function (one) { return minutes / (one * 43830) <= 8; })[0] || 240;
    var index = at(chosen.from).getUTCFullYear() * 12 + at(chosen.from).getUTCMonth();
    index -= index % months;
    for (; Date.UTC(Math.floor(index / 12), index % 12, 1) / 60000 < chosen.to; index += months) {
      var year = Math.floor(index / 12);
      add(Date.UTC(year, index % 12, 1) / 60000, months < 12 ? MONTHS[index % 12] + " " + year : String(year));
    }
    return found;
  }

  /* The three pictures of a chart: words at the left, what is drawn, words below. */
  function picture(place, title, rows, columns) {
    var canvas = byId(place).querySelector(".canvas");
    var old = canvas.querySelector(".plot"), height = old.getAttribute("height");
    var plot = shape("svg", { "class": "plot", width: "100%", height: height, role: "img", "aria-label": title, tabindex: "0" });
    var left = shape("svg", { "class": "rows", width: "44", height: height, "aria-hidden": "true" });
    var below = shape("svg", { "class": "columns", width: "100%", height: "20", "aria-hidden": "true" });
    rows.forEach(function (row) {
      left.appendChild(shape("text", { x: canvas.clientWidth < 520 ? "36" : "100%", y: percent(row[0]), dy: "0.35em", "text-anchor": "end" }, row[1]));
    });
    columns.forEach(function (column) {
      var text = { x: percent(column[0] * 100), y: "14", "text-anchor": column[0] < 0.02 ? "start" : column[0] > 0.95 ? "end" : "middle" };
      if (column[2]) { text["class"] = "odd"; }
      below.appendChild(shape("text", text, column[1]));
    });
    var whole = make("div", { "class": "picture" });
    whole.appendChild(left);
    whole.appendChild(plot);
    whole.appendChild(below);
    var focused = old === document.activeElement;
    canvas.replaceChildren(whole);
    if (focused) { plot.focus(); }
    return plot;
  }

  function drawBars(place, bars, title, brushed) {
    var sums = [];
    for (var bar = 0; bar < bars.size; bar += 1) {
      sums.push(bars.rows.reduce(function (sum, row) { return sum + row[bar]; }, 0));
    }
    var axis = scale(Math.max.apply(null, sums)), top = axis[0], minutes = chosen.to - chosen.from;
    var marks = axis[1].map(function (tick) { return [100 - tick / top * 100, short(tick)]; });
    byId(place).querySelector(".name").textContent = title;
    var plot = picture(place, title, marks, timeTicks());
    marks.forEach(function (mark) {
      plot.appendChild(shape("line", { "class": "grid", x1: "0", x2: "100%", y1: percent(mark[0]), y2: percent(mark[0]) }));
    });
    var gap = bars.minutes >= 1440 && bars.size < 60 ? 0.86 : 1, below = sums.map(function () { return 0; });
    bars.rows.forEach(function (row, n) {
      row.forEach(function (events, bar) {
        if (!events) { return; }
        var left = (bars.first + (bar + (1 - gap) / 2) * bars.minutes - chosen.from) / minutes * 100;
        var right = Math.min(left + bars.minutes * gap / minutes * 100, 100);
        left = Math.max(left, 0);
        plot.appendChild(shape("rect", {
          "class": bars.names[n], x: percent(left), width: percent(right - left),
          y: percent(100 - (below[bar] + events) / top * 100), height: percent(events / top * 100),
        }));
        below[bar] += events;
      });
    });
    function told(bar) {
      var lines = [words(bars.first + bar * bars.minutes, bars.minutes) + (bars.minutes > 1440 ? ", " + span(bars.minutes) : "")];
      bars.names.forEach(function (name, n) { if (bars.rows[n][bar]) { lines.push(name + " " + count(bars.rows[n][bar])); } });
      return lines.length > 1 ? lines.join("\n") : lines[0] + "\nnone";
    }
    function barAt(part) {
      return Math.min(Math.max(Math.floor((chosen.from + part * minutes - bars.first) / bars.minutes), 0), bars.size - 1);
    }
    function edges(bar) {
      var left = Math.max((bars.first + bar * bars.minutes - chosen.from) / minutes, 0);
      return [left, Math.min((bars.first + (bar + 1) * bars.minutes - chosen.from) / minutes, 1)];
    }
    pointed(plot, barAt, edges, told, bars.size);
    if (brushed) { brush(plot, barAt, edges, bars); }
    numbers(place, ["from (UTC)"].concat(bars.names), sums.map(function (sum, bar) {
      return sum ? [words(bars.first + bar * bars.minutes, bars.minutes)].concat(bars.rows.map(function (row) { return row[bar]; })) : null;
    }).filter(Boolean));
  }

  /* What a bar says, under the pointer or walked to with the arrow keys. */
  function pointed(plot, barAt, edges, told, size) {
    var tip = byId("tip"), cursor = shape("rect", { "class": "cursor", y: "0", height: "100%", width: "0" }), current = -1;
    plot.insertBefore(cursor, plot.firstChild);
    function show(bar, x, y) {
      var edge = edges(bar);
      cursor.setAttribute("x", percent(edge[0] * 100));
      cursor.setAttribute("width", percent((edge[1] - edge[0]) * 100));
      tip.textContent = told(bar);
      tip.hidden = false;
      var left = x + 14 + tip.offsetWidth > window.innerWidth ? x - 14 - tip.offsetWidth : x + 14;
      tip.style.left = Math.max(4, left) + "px";
      tip.style.top = Math.max(4, y - tip.offsetHeight - 10) + "px";
    }
    function hide() { tip.hidden = true; cursor.setAttribute("width", "0"); }
    plot.addEventListener("pointermove", function (event) {
      var box = plot.getBoundingClientRect();
      current = barAt((event.clientX - box.left) / box.width);
      show(current, event.clientX, event.clientY);
    });
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", function (event) {
      var move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Escape") { hide(); }
      if (!move) { return; }
      event.preventDefault();
      current = Math.min(Math.max(current + move, 0), size - 1);
      var box = plot.getBoundingClientRect(), edge = edges(current);
      show(current, box.left + (edge[0] + edge[1]) / 2 * box.width, box.top + 20);
      byId("note").textContent = told(current).replace(/\n/g, ", ");
    });
  }

  function brush(plot, barAt, edges, bars) {
    var begun = null, area = shape("rect", { "class": "brush", y: "0", height: "100%", width: "0" });
    plot.appendChild(area);
    function part(event) {
      var box = plot.getBoundingClientRect();
      return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    }
    function range(event) {
      var one = barAt(begun), other = barAt(part(event));
      return [Math.min(one, other), Math.max(one, other)];
    }
    plot.addEventListener("pointerdown", function (event) {
      if (event.button) { return; }
      begun = part(event);
      plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener("pointermove", function (event) {
      if (begun === null) { return; }
      var bounds = range(event), left = edges(bounds[0])[0], right = edges(bounds[1])[1];
      area.setAttribute("x", percent(left * 100));
      area.setAttribute("width", percent((right - left) * 100));
    });
    plot.addEventListener("pointercancel", function () { begun = null; area.setAttribute("width", "0"); });
    plot.addEventListener("pointerup", function (event) {
      if (begun === null) { return; }
      var moved = Math.abs(part(event) - begun), bounds = range(event);
      begun = null;
      area.setAttribute("width", "0");
      if (moved < 0.01) { return; }
      chosen.from = Math.max(chosen.from, bars.first + bounds[0] * bars.minutes);
      chosen.to = Math.min(chosen.to, bars.first + (bounds[1] + 1) * bars.minutes);
      write();
      draw();
    });
  }

  function drawHeat() {
    var grid = WEEK.map(function () { return new Array(24).fill(0); });
    counts(function (minute, level, events) {
      var date = at(minute);
      grid[(date.getUTCDay() + 6) % 7][date.getUTCHours()] += events;
    });
    var most = Math.max(1, Math.max.apply(null, grid.map(function (row) { return Math.max.apply(null, row); })));
    var hours = [];
    for (var hour = 0; hour < 24; hour += 3) { hours.push([(hour + 0.5) / 24, two(hour), hour % 6 !== 0]); }
    var title = "Events by hour and weekday";
    var plot = picture("heat", title, WEEK.map(function (name, n) { return [(n + 0.5) / 7 * 100, name]; }), hours);
    grid.forEach(function (row, n) {
      row.forEach(function (events, hour) {
        plot.appendChild(shape("rect", {
          "class": "heat", x: percent(hour / 24 * 100 + 0.15), y: percent(n / 7 * 100 + 0.7),
          width: percent(100 / 24 - 0.3), height: percent(100 / 7 - 1.4), "fill-opacity": (0.05 + 0.95 * events / most).toFixed(3),
        }));
      });
    });
    var over = 0;
    plot.addEventListener("pointermove", function (event) {
      var box = plot.getBoundingClientRect();
      over = Math.min(6, Math.max(0, Math.floor((event.clientY - box.top) / box.height * 7)));
    });
    pointed(plot, function (part) { return Math.min(23, Math.max(0, Math.floor(part * 24))); },
      function (hour) { return [hour / 24, (hour + 1) / 24]; },
      function (hour) { return WEEK[over] + " " + two(hour) + ":00\n" + count(grid[over][hour]) + " events"; }, 24);
    plot.addEventListener("keydown", function (event) {
      var move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (move) { event.preventDefault(); over = Math.min(6, Math.max(0, over + move)); }
    });
    numbers("heat", [""].concat(grid[0].map(function (_, hour) { return two(hour); })),
      grid.map(function (row, n) { return [WEEK[n]].concat(row); }));
  }

  function numbers(place, heads, rows) {
    var table = make("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    heads.forEach(function (name, n) { head.appendChild(make("th", n ? { scope: "col", "class": "number" } : { scope: "col" }, name)); });
    rows.forEach(function (row) {
      var line = body.insertRow();
      row.forEach(function (value, n) {
        line.appendChild(n ? make("td", { "class": "number" }, count(value)) : make("th", { scope: "row" }, value));
      });
    });
    byId(place).querySelector(".numbers .scroll").replaceChildren(table);
  }

  function visible(text) {
    return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, function (one) {
      return "\\u" + ("000" + one.charCodeAt(0).toString(16)).slice(-4);
    });
  }
  function shareBar(errors, others, most) {
    var bar = shape("svg", { "class": "share", width: "100%", height: "10", "aria-hidden": "true" });
    bar.appendChild(shape("rect", { "class": "ERROR", width: percent(errors / most * 100), height: "100%" }));
    bar.appendChild(shape("rect", { "class": "plain", x: percent(errors / most * 100), width: percent(others / most * 100), height: "100%" }));
    return bar;
  }
  function topTable(id, rows) {
    var body = byId(id).querySelector("tbody");
    rows.sort(function (one, other) { return other[1] - one[1]; });
    var shown = rows.filter(function (row) { return row[1]; }).slice(0, 10), most = shown.length ? shown[0][1] : 1;
    body.replaceChildren.apply(body, shown.map(function (row) {
      var line = make("tr"), head = make("th", { scope: "row" });
      head.appendChild(make("span", { "class": "value", title: visible(row[0]) }, visible(row[0])));
      head.appendChild(shareBar(row[2], row[1] - row[2], most));
      line.appendChild(head);
      line.appendChild(make("td", { "class": "number" }, count(row[1])));
      line.appendChild(make("td", { "class": "number" }, count(row[2])));
      return line;
    }));
    if (!shown.length) { body.appendChild(make("tr")).appendChild(make("td", { "class": "quiet", colspan: "3" }, "none in what is chosen")); }
  }
  function isError(level) { return ERRORS.indexOf(data.levels[level]) >= 0; }

  function drawTops() {
    Object.keys(data.tops).forEach(function (column) {
      if (!byId("top-" + column)) { return; }
      topTable("top-" + column, data.tops[column].map(function (row) {
        var events = 0, errors = 0;
        each(row[1], row[2], row[3], row[4], row[5], function (minute, level, many) {
          events += many;
          if (isError(level)) { errors += many; }
        });
        return [row[0], events, errors];
      }));
    });
    var sums = CLASSES.map(function (name) { return [name, 0, 0]; });
    var sources = data.sources.map(function (name) { return [name, 0, 0]; });
    data.counts.forEach(function (row) {
      if (!chosen.sources[row[0]] || !chosen.levels[row[1]] || !chosen.classes[row[2]]) { return; }
      var place = 0, error = isError(row[1]);
      for (var n = 0; n < row[3].length; n += 1) {
        place += row[3][n];
        var minute = data.first + place * data.width;
        if (minute + data.width > chosen.from && minute < chosen.to) {
          sums[row[2]][1] += row[4][n];
          sources[row[0]][1] += row[4][n];
          if (error) { sums[row[2]][2] += row[4][n]; sources[row[0]][2] += row[4][n]; }
        }
      }
    });
    topTable("top-classes", sums.slice(1));
    topTable("top-sources", sources);
  }

  function drawPatterns() {
    if (!byId("patterns")) { return; }
    var first = floor(chosen.from - data.first, data.coarse) + data.first;
    var size = Math.max(1, Math.ceil((chosen.to - first) / data.coarse));
    var rows = data.patterns.map(function (row) {
      var events = 0, levels = {}, sources = {}, trend = new Array(size).fill(0);
      each(row[4], row[5], row[6], null, row[7], function (minute, level, many, source) {
        events += many;
        levels[level] = (levels[level] || 0) + many;
        sources[source] = (sources[source] || 0) + many;
        trend[Math.floor((minute - first) / data.coarse)] += many;
      });
      return { row: row, events: events, levels: levels, sources: sources, trend: trend };
    }).filter(function (one) { return one.events; });
    rows.sort(function (one, other) { return other.events - one.events; });
    function most(counted) { return Object.keys(counted).sort(function (a, b) { return counted[b] - counted[a]; })[0]; }
    var body = byId("patterns").querySelector("tbody");
    body.replaceChildren.apply(body, rows.slice(0, 25).map(function (one) {
      var line = make("tr"), cell = line.insertCell(), level = data.levels[most(one.levels)];
      cell.appendChild(make("span", { "class": "level " + level }, level));
      if (one.row[3]) { cell.append(" ", make("span", { "class": "new" }, "new")); }
      cell.append(" ", make("code", {}, visible(one.row[0])));
      if (one.row[2] !== one.row[0]) {
        var details = make("details");
        details.append(make("summary", {}, "an example"), make("pre", {}, visible(one.row[2])));
        cell.appendChild(details);
      }
      line.insertCell().textContent = data.sources[most(one.sources)];
      line.appendChild(make("td", { "class": "number" }, count(one.events)));
      var spark = shape("svg", { "class": "spark", width: "96", height: "20", "aria-hidden": "true" });
      var high = Math.max.apply(null, one.trend), wide = 100 / one.trend.length;
      one.trend.forEach(function (many, n) {
        if (many) {
          spark.appendChild(shape("rect", { x: percent(n * wide), width: percent(wide * 0.85), y: percent(100 - many / high * 100), height: percent(many / high * 100) }));
        }
      });
      line.insertCell().appendChild(spark);
      return line;
    }));
    if (!rows.length) { body.appendChild(make("tr")).appendChild(make("td", { "class": "quiet", colspan: "4" }, "none in what is chosen")); }
  }

  function draw() {
    var events = 0, errors = 0, drawn = {};
    counts(function (minute, level, many) {
      events += many;
      drawn[level] = true;
      if (isError(level)) { errors += many; }
    });
    var names = data.levels.filter(function (name, n) { return drawn[n]; });
    var minutes = barWidth(120), perDay = Math.max(1440, barWidth(400));
    drawBars("series", stacked(minutes, names), "Events by level, a bar for " + span(minutes), true);
    var per = { 1440: "day", 10080: "week", 40320: "four weeks" }[perDay];
    drawBars("days", stacked(perDay, ERRORS), "Errors per " + (per || span(perDay)), false);
    if (data.width <= 60) { drawHeat(); }
    drawTops();
    drawPatterns();
    byId("legend").replaceChildren.apply(byId("legend"), names.map(function (name) {
      var item = make("li");
      item.append(make("span", { "class": "swatch " + name }), name);
      return item;
    }));
    var off = data.coarse > data.width && ((chosen.from - data.first) % data.coarse || (chosen.to - data.first) % data.coarse) &&
      (chosen.from !== data.start || chosen.to !== data.end);
    byId("note").textContent = (events ? count(events) + " events, " + count(errors) + " of them errors" : "No event fits what is chosen") +
      ", " + words(chosen.from, 1) + " to " + words(chosen.to, 1) + " UTC." +
      (off ? " Values and patterns are counted in whole pieces of " + span(data.coarse) + "." : "");
  }

  /* Controls */
  function field(minutes) { return day(minutes) + "T" + clock(minutes); }
  function write() {
    byId("from").value = field(chosen.from);
    byId("to").value = field(chosen.to);
    document.querySelectorAll("#controls input[type=checkbox]").forEach(function (box) {
      box.checked = chosen[box.dataset.kind][Number(box.dataset.place)];
    });
  }
  function boxes(form, kind, title, names, used) {
    var shown = names.map(function (name, n) { return n; }).filter(used);
    if (shown.length < 2) { return; }
    var group = make("fieldset");
    group.appendChild(make("legend", {}, title));
    shown.forEach(function (n) {
      var label = make("label"), box = make("input", { type: "checkbox", checked: "" });
      box.dataset.kind = kind;
      box.dataset.place = n;
      label.appendChild(box);
      if (kind === "levels") { label.appendChild(make("span", { "class": "swatch " + names[n] })); }
      label.append(visible(names[n]));
      group.appendChild(label);
    });
    form.appendChild(group);
  }
  function controls() {
    var form = byId("controls"), range = make("fieldset");
    range.appendChild(make("legend", {}, "Range (UTC)"));
    ["from", "to"].forEach(function (name) {
      var label = make("label", {}, name + " ");
      label.appendChild(make("input", { type: "datetime-local", id: name, min: field(data.start), max: field(data.end) }));
      range.appendChild(label);
    });
    form.appendChild(range);
    boxes(form, "levels", "Levels", data.levels, function (n) { return data.counts.some(function (row) { return row[1] === n; }); });
    boxes(form, "sources", "Sources", data.sources, function () { return true; });
    boxes(form, "classes", "Status", CLASSES, function (n) { return data.counts.some(function (row) { return row[2] === n; }); });
    var reset = make("button", { type: "button", id: "reset" }, "Reset");
    form.appendChild(reset);
    reset.addEventListener("click", function () { chosen = everything(); write(); draw(); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("change", function (event) {
      var box = event.target;
      if (box.dataset.kind) {
        chosen[box.dataset.kind][Number(box.dataset.place)] = box.checked;
      } else {
        var from = Date.parse(byId("from").value + "Z") / 60000, to = Date.parse(byId("to").value + "Z") / 60000;
        if (!(from < to)) {
          byId("note").textContent = "The range ends before it begins: choose a later end.";
          return;
        }
        chosen.from = Math.min(Math.max(from, data.start), data.end - 1);
        chosen.to = Math.max(Math.min(to, data.end), chosen.from + 1);
      }
      draw();
    });
    write();
    document.querySelectorAll(".live").forEach(function (element) { element.hidden = false; });
  }

  function unpacked(text) {
    var bytes = Uint8Array.from(atob(text), function (one) { return one.charCodeAt(0); });
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }
  if (typeof DecompressionStream === "undefined") {
    byId("note").textContent += " (This browser is too old to filter: it shows the whole range.)";
    return;
  }
  unpacked(byId("data").textContent).then(function (read) {
    data = read;
    chosen = everything();
    controls();
    draw();
    document.documentElement.dataset.ready = "true";
  });
})();
