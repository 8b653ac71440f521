import assert from "node:assert/strict";
import test from "node:test";

import { shown } from "../src/figures";

function cost(adds: object, edit: object): string {
  const other = { name: "cold", seconds: { low: 1, mid: 1, high: 1 } };
  return JSON.stringify({ image: { adds }, scenarios: [other, { name: "source edit", seconds: edit }] });
}

test("size and time have two digits", () => {
  const { text, tooltip } = shown(cost({ low: 1, mid: 1_303_083_971, high: 2e9 }, { low: 1, mid: 23.4, high: 40 }));
  assert.equal(text, "$(package) ~1.3 GB $(history) ~23 s");
  assert.match(tooltip, /the image has ~1\.3 GB; a build after a source edit takes ~23 s/);
});

test("what has no upper bound is only more than its lower one", () => {
  assert.equal(shown(cost({ low: 81_400_000, mid: 1e9, high: null }, { low: 0.06, mid: 1, high: null })).text, "$(package) >81 MB $(history) >0.06 s");
});

test("long builds are in minutes, small images in bytes", () => {
  assert.equal(shown(cost({ low: 0, mid: 512, high: 512 }, { low: 0, mid: 190, high: 300 })).text, "$(package) ~512 B $(history) ~3.2 min");
});

test("what is no cost is an error", () => {
  for (const text of ["", "[]", "{}", '{"image": {"adds": null}, "scenarios": []}']) assert.throws(() => shown(text));
});
