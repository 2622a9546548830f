// Draws the charts of the page of figures; the tables beside them hold the same numbers without it.
const holder = document.getElementById("insights-data");
const data = holder ? JSON.parse(holder.textContent) : null;
const drawn = [];

function colour(name) {
  return window.getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function shared() {
  return {
    aria: { enabled: true, decal: { show: true } },
    animation: false,
    textStyle: { color: colour("--kb-ink"), fontFamily: window.getComputedStyle(document.body).fontFamily },
    tooltip: { renderMode: "richText", backgroundColor: colour("--kb-card"), borderColor: colour("--kb-line"), textStyle: { color: colour("--kb-ink") } },
  };
}

function axis(extra) {
  const line = { lineStyle: { color: colour("--kb-line") } };
  return { axisLabel: { color: colour("--kb-sub") }, axisLine: line, splitLine: line, ...extra };
}

function trend() {
  const { days, words } = data;
  const options = shared();
  options.tooltip.trigger = "axis";
  return {
    ...options,
    legend: { textStyle: { color: colour("--kb-ink") }, top: 4 },
    grid: { left: 52, right: 52, top: 44, bottom: 32 },
    xAxis: axis({ type: "category", data: days.map((row) => row[0].slice(5)) }),
    yAxis: [
      axis({ type: "value", minInterval: 1 }),
      axis({ type: "value", max: 100, axisLabel: { formatter: "{value}%", color: colour("--kb-sub") }, splitLine: { show: false } }),
    ],
    series: [
      { name: words.searches, type: "bar", data: days.map((row) => row[1]), itemStyle: { color: colour("--kb-solid") } },
      { name: words.empty, type: "bar", data: days.map((row) => row[2]), itemStyle: { color: colour("--kb-warn") } },
      {
        name: words.rate, type: "line", yAxisIndex: 1, symbolSize: 7, itemStyle: { color: colour("--kb-bad") },
        data: days.map((row) => (row[1] ? Math.round((row[2] / row[1]) * 1000) / 10 : null)),
      },
    ],
  };
}

function clock() {
  const most = Math.max(1, ...data.clock.map((row) => row[2]));
  return {
    ...shared(),
    aria: { enabled: true, decal: { show: false } },
    grid: { left: 52, right: 16, top: 16, bottom: 62 },
    xAxis: axis({ type: "category", data: [...Array(24).keys()].map(String), splitArea: { show: false } }),
    yAxis: axis({ type: "category", data: data.weekdays, inverse: true }),
    visualMap: {
      min: 0, max: most, calculable: false, orient: "horizontal", left: "center", bottom: 4,
      textStyle: { color: colour("--kb-sub") }, inRange: { color: [colour("--kb-brand-weak"), colour("--kb-solid")] },
    },
    series: [{
      name: data.words.searches, type: "heatmap", data: data.clock.map(([day, hour, count]) => [hour, day, count]),
      itemStyle: { borderColor: colour("--kb-card"), borderWidth: 2 },
    }],
  };
}

function stack(name) {
  const { names, series } = data.stacks[name];
  const colours = name === "health" ? ["--kb-warn", "--kb-solid", "--kb-sub", "--kb-bad"] : ["--kb-ok", "--kb-solid", "--kb-bad"];
  const options = shared();
  options.tooltip.trigger = "axis";
  options.tooltip.axisPointer = { type: "shadow" };
  return {
    ...options,
    legend: { type: "scroll", textStyle: { color: colour("--kb-ink") }, top: 4 },
    grid: { left: 8, right: 20, top: 44, bottom: 8, containLabel: true },
    xAxis: axis({ type: "value", minInterval: 1 }),
    yAxis: axis({ type: "category", data: names, inverse: true, axisLabel: { color: colour("--kb-sub"), width: 110, overflow: "truncate" } }),
    series: series.map(([label, values], place) => ({
      name: label, type: "bar", stack: "all", barMaxWidth: 22, data: values, itemStyle: { color: colour(colours[place]) },
    })),
  };
}

function options(name) {
  if (name === "trend") return trend();
  return name === "clock" ? clock() : stack(name);
}

function draw() {
  for (const box of document.querySelectorAll("[data-chart]")) {
    box.hidden = false;
    const known = drawn.find((entry) => entry.box === box);
    const chart = known ? known.chart : window.echarts.init(box, null, { renderer: "canvas" });
    if (!known) drawn.push({ box, chart });
    chart.setOption(options(box.dataset.chart), true);
  }
}

if (data && window.echarts) {
  draw();
  window.addEventListener("resize", () => drawn.forEach((entry) => entry.chart.resize()));
  // The theme is an attribute of the root; colours are read anew when it changes.
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
}
