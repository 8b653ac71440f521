/** What `dlint cost --format json` says, as the status bar shows it. */

interface Figure {
  readonly low: number;
  readonly mid: number;
  readonly high: number | null;
}

interface Cost {
  readonly image: { readonly adds: Figure };
  readonly scenarios: readonly { readonly name: string; readonly seconds: Figure }[];
}

export interface Shown {
  readonly text: string;
  readonly tooltip: string;
}

const EDIT = "source edit";

/** The image's size and the seconds of a rebuild after a source edit; throws for what is no cost. */
export function shown(json: string): Shown {
  const cost = JSON.parse(json) as Partial<Cost>;
  const edit = cost.scenarios?.find((scenario) => scenario.name === EDIT);
  if (!cost.image || !edit) throw new Error("this is not what `dlint cost --format json` says");
  const size = about(cost.image.adds, bytes);
  const time = about(edit.seconds, seconds);
  return {
    text: `$(package) ${size} $(history) ${time}`,
    tooltip: `dlint: the image has ${size}; a build after a source edit takes ${time}. Estimates, nothing was built.`,
  };
}

/** A figure that has no upper bound is only known to be more. */
function about(figure: Figure, unit: (value: number) => string): string {
  return figure.high === null ? `>${unit(figure.low)}` : `~${unit(figure.mid)}`;
}

function bytes(value: number): string {
  for (const [size, name] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]] as const) {
    if (value >= size) return `${round(value / size)} ${name}`;
  }
  return `${Math.round(value)} B`;
}

function seconds(value: number): string {
  return value >= 90 ? `${round(value / 60)} min` : `${round(value)} s`;
}

/** Two significant digits, which is what an estimate is worth. */
function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
