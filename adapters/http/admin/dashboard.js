"use strict";

const PERIOD = 2000; // milliseconds between two looks
// An origin has no credentials: the page's own address may, and then fetch refuses addresses relative to it.
const DATA = new URL("/dashboard/data", location.origin);
const WELL = { ok: "well", closed: "well", open: "ill", half_open: "odd", draining: "odd", unreachable: "ill" };

const number = (value) => value.toLocaleString("en");
const time = (figures, name) => (figures ? `${number(figures[name])} ms` : "–");

function cell(tag, value) {
  const element = document.createElement(tag);
  element.textContent = value;
  if (WELL[value]) element.className = WELL[value];
  return element;
}

function row(tag, values) {
  const line = document.createElement("tr");
  line.append(...values.map((value) => cell(tag, value)));
  return line;
}

function fill(id, head, rows) {
  document.getElementById(id).replaceChildren(row("th", head), ...rows.map((values) => row("td", values)));
}

function tell(state) {
  const element = document.getElementById("state");
  element.textContent = state;
  element.className = WELL[state.split(",")[0]] || "";
}

function total(name, value) {
  const box = document.createElement("div");
  box.append(cell("b", number(value)), name);
  return box;
}

function show(data) {
  const state = data.draining ? "draining" : data.ready ? "ok" : "starting";
  const workers = data.workers.pids.length;
  tell(`${state}, version ${data.version}, up ${Math.round(data.uptime_s)} s` + (workers > 1 ? `, ${workers} workers` : ""));
  const totals = data.totals;
  document.getElementById("totals").replaceChildren(
    total("in flight", data.in_flight), total("requests", totals.requests), total("upstream calls", totals.attempts),
    total("input tokens", totals.input_tokens), total("output tokens", totals.output_tokens),
    total("cache hits", totals.cache.hit || 0), total("overloads", data.overloads));
  fill("hops", ["stage", "lane", "queued now", "passed", "replied", "refused", "crashed", "cut", "queue p50", "queue p99", "work p50", "work p99"],
    data.hops.map((hop) => [hop.name, hop.lane, hop.depth, hop.passed, hop.replied, hop.refused, hop.crashed, hop.cut,
      time(hop.queue_ms, "p50"), time(hop.queue_ms, "p99"), time(hop.work_ms, "p50"), time(hop.work_ms, "p99")]));
  fill("providers", ["name", "type", "running", "breaker", "faults in a row"],
    data.providers.map((it) => [it.name, it.type, it.running ? "yes" : "no",
      it.breaker ? it.breaker.state : "–", it.breaker ? it.breaker.failures : "–"]));
  fill("series", ["model", "provider", "operation", "requests", "tokens in", "tokens out", "latency p50", "p99", "first token p50"],
    data.series.map((it) => [it.model || "–", it.provider || "–", it.operation, number(it.requests), number(it.input_tokens),
      number(it.output_tokens), time(it.latency_ms, "p50"), time(it.latency_ms, "p99"), time(it.first_token_ms, "p50")]));
}

async function look() {
  try {
    const response = await fetch(DATA);
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
  } catch (error) {
    tell(`unreachable, ${error.message}`);
  }
  setTimeout(look, PERIOD);
}

look();
