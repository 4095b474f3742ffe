/* What the server sends: one type a message. The Python side makes them in convscope/web/messages/, the tests
   compare both. Tensors never travel as JSON: `Numbers` holds them raw. */

/** A text of the page's language files, and what to fill in. */
export interface Sentence { text: string; values: Record<string, string> }
/** Little-endian numbers; shape as in torch. "u8" is grey: value = low + byte/255·(high − low). `data`: base64, or
    the bytes that api.js has fetched by their name, `{"value": "9f86…"}` on the way. */
export interface Numbers { dtype: "f32" | "u8"; shape: number[]; data: string | Uint8Array<ArrayBuffer>; low: number; high: number }

/** One sample as the person sees it: (channel, *space), whatever its kind; a vector (n). */
export interface Look { kind: "image" | "signal" | "volume" | "sequence" | "vector"; numbers: Numbers; names: string[] }

/** GET session */
export interface Session {
  title: string;              // of the run or model
  note: string;               // what to bear in mind: that it is untrained, for example; "" for nothing
  kind: "image" | "signal" | "volume" | "sequence" | "any";
  classes: string[];          // empty: regression, or no run behind it
  hasData: boolean;           // samples to choose from
  hasRun: boolean;            // results, data check, runs side by side
  canDraw: boolean;           // small grey pictures, one-channel signals
  inputs: { name: string; shape: number[]; dtype: string }[];
  saved: boolean;             // a saved page: nothing can be computed anew
  version: string;
}

/** GET samples?which=right|wrong|unsure|all&class=&page=[&predicted=]; class and predicted: names, "" for all (predicted: a cell of the confusion matrix) */
export interface Samples {
  which: string; page: number; pages: number; total: number;
  counts: Record<string, number>;             // right, wrong, unsure, all; of values, or before `ready`: all alone
  samples: { index: number; look: Look; label: string; predicted: string; probability: number | null }[];   // null: a value
  part: string;                               // "test": which part of the data these are
  ready: boolean;                             // false: the network is still looking at them; main.js asks again
}

/** POST input (see routes) and GET graph answer with the state after it. */
export interface Graph {
  trace: string;                              // changes with every new input or edit; part of every further address
  input: { caption: string; look: Look; sample: number | null; label: string | null };
  prediction: Prediction | null;
  operations: Operation[];
  modules: Module[];
  failure: Failure | null;
  suspicions: { what: string; where: string; why: string; fix: string }[];
  totals: { parameters: number; macs: number; seconds: number; bytes: number };
  edited: Sentence[];                         // what-if changes in force
}
export interface Prediction { classes: string[]; logits: number[]; probabilities: number[]; truth: number | null }
export interface Operation {
  index: number; name: string; op: string;    // "conv2d"
  what: string;                               // "Conv2d 5×5", "F.relu": what stands below the name
  module: number;                             // index in modules
  shape: number[];                            // of the first output, with the sample axis
  inputs: number[];                           // operations it takes from; −1 is the model's input
  parameters: number; macs: number; seconds: number;
  reshapes: boolean;                          // only moves numbers, or passes them on
  drawn: "pill" | "join" | "parts" | "box";   // on the map: on the edge, a sign, a bar of what each input brings
  sign: string;                               // between its two inputs: "+"
  noise: boolean;                             // changes numbers at random, and only in training
  explained: boolean;
  signed: boolean;                            // has values below zero
  thumbnail: Numbers | null;                  // small mean map (≤ 28×28, u8), or bars of a vector
}
export interface Module { index: number; path: string; kind: string; parent: number | null; same: string; /* equal for repeated blocks */ }
/** Why a forward stopped. `operation` is also the last of `operations`, without a shape; place: where the fix goes; advice: in words, where there is no line to paste; tried: a sentence, or "". */
export interface Failure { words: string; what: string; where: string; cause: string; axis: string; fix: string; place: string; advice: string; tried: string; operation: Operation | null; source: SourceLine | null }
export interface SourceLine { file: string; line: number; text: string }

/** GET operation/{index}[?at=0,3,7,7]: the right side; at: the unit whose receptive field is boxed, else the one in the middle. */
export interface OperationDetail {
  index: number; name: string; op: string; settings: string; source: SourceLine | null; docs: string;
  shape: number[]; size: Formula | null; parameters: Formula | null; macs: Formula | null;
  share: { parameters: number; macs: number; seconds: number };    // 0..1 of the network
  bytes: number; seconds: number;
  receptive: { size: number[]; jump: number[]; box: number[][]; exact: boolean } | null;   // box of the middle unit
  histogram: { low: number; high: number; counts: number[] } | null;
  replayed: { exact: boolean; words: string } | null;
  weights: { name: string; shape: number[]; numbers: number }[];
  arguments: { name: string; shape: number[] }[];                  // those whose gradient can be taken apart: number/{index}?gradient=NAME&at=…
}
/** A formula in general and with the numbers, as plain text; formula.js sets it as MathML. */
export interface Formula { general: string; numbers: string; value: string }

/** GET layer/{index}?sort=index|mean|max|sparsity|gradient|effect&page=: 64 channels. */
export interface Layer {
  index: number; sort: string; page: number; pages: number; channels: number;
  axes: "maps" | "traces" | "slices" | "vector" | "steps";   // how one channel is drawn
  space: number[];                                            // of one channel
  low: number; high: number;                                  // of the whole layer
  items: { channel: number; mean: number; min: number; max: number; sparsity: number; value: number }[]; // value: sorted by
  maps: Numbers;                                              // (item, *space), u8; large ones averaged: `maps.shape` may be smaller than `space`
  words: string;                                              // how `value` was found
  gates: { names: string[]; values: Numbers } | null;         // recurrent: (gate, step, unit)
}
/* "steps": a channel is a unit (a feature), its space the steps: [steps]. A map of small numbers: one trace a unit. */

/** GET channel/{index}/{channel}: everything a sliding window needs; the page computes sums itself, in float64. */
export interface Channel {
  index: number; channel: number;
  drawing: "window" | "steps" | "shares" | "vector" | "terms";   // of one number
  window: Window | null;                                      // null: no sliding window; numbers come one by one
  output: Numbers;                                            // the output map, f32
  axes: Layer["axes"];
}
export interface Window {
  kind: "convolution" | "pooling" | "transposed";
  rule: "sum" | "max" | "mean";
  kernel: number[]; stride: number[]; padding: number[][]; dilation: number[]; groups: number;   // padding: [before, after]
  input: Numbers;                                             // (channel of the group, *space), f32
  channels: number[];                                         // which input channels these are
  weight: Numbers | null;                                     // (channel of the group, *kernel), f32
  bias: number | null;
  unused: number[];                                           // positions at the end of each axis that no window reaches
  divisor?: number | "inside" | "padded" | null;              // mean: a number, the taps on real numbers, or those within the padding (default)
  spans?: number[][][] | null;                                // adaptive pooling with windows that differ: of each axis, each step's [start, stop)
}

/**
 * GET number/{index}?at=0,3,7,7: one number with its proof. `at` is (sample, channel, *space) as layer and channel show
 * them, wherever the tensor has these axes; the answer's `at` is the place in the tensor.
 * GET number/{index}?gradient=weight&at=…&target=CLASS: d(score of a class)/d(one number of that argument), `at` in it;
 * without target the true class, else the predicted one.
 */
export interface OneNumber {
  op: string; name: string; about: string; at: number[]; kind: "explained" | "not explained";
  what: string; formula: string; numbers: string; notes: string[];
  terms: Terms | null; bias: number | null; steps: Step[];
  result: number; network: number; difference: number; bound: number; holds: boolean;
  source: string; code: SourceLine | null;
  box: number[][] | null;                                     // its receptive field on the input
  python: string;
}
export interface Terms { axes: string[]; rule: string; values: Nested; factors: Record<string, Nested>; places: Record<string, Nested>; result: number }
export interface Step { name: string; formula: string; numbers: string; value: number; code: string; terms: Terms | null }
export type Nested = number | Nested[];

/** POST input: another input; a file goes as its bytes to `input?name=FILE.png`. The answer is the new Graph's `trace`. */
export type Given =
  | { sample: number }                                         // of the data
  | { numbers: Numbers; caption: string; of: number | null };  // drawn or changed by hand, shaped as `Look`; of: the
                                                               // sample it was made from, whose label stays
/** POST edit: something tried on one operation of the sandbox copy. POST reset: all of it undone; POST undo: the last. */
export type Edit =
  | { op: number; what: "kernel"; output: number; input: number; values: Nested }      // weight[output, input] of its group
  | { op: number; what: "channel"; channel: number }                                   // its output is zero
  | { op: number; what: "activation"; to: string }                                     // one of EditChoices.activations
  | { op: number; what: "setting"; setting: "stride" | "padding" | "dilation"; value: number[] };
/** GET edit/{index}: what can be tried on this operation, and what was there before anything was. */
export interface EditChoices {
  kernel: { outputs: number; inputs: number; size: number[] } | null;  // inputs: of one group
  channels: number;                                                    // that can be set to zero; 0: none
  activations: string[]; activation: string | null;                    // null: this is none
  settings: { setting: "stride" | "padding" | "dilation"; value: number[] }[];
  before: { prediction: Prediction | null; thumbnail: Numbers | null } | null;   // this input through the unchanged model; null: nothing was changed
}

/** POST edit answers with what it did. */
export interface Edited { words: Sentence; edited: Sentence[]; before: Outcome; after: Outcome }
export interface Outcome { prediction: Prediction | null; shape: number[]; output: number[]; failure: Failure | null }   // shape: of the operation; output: of the model

/** GET step/{index}?weight=weight&at=3,0,1,1&rule=sgd|momentum|adam&rate=0.01[&target=CLASS]: one optimizer step on the cross-entropy of this input. */
export interface WeightStep extends OneNumber { loss: number; gradient: number; weight: number; target: number; rule: string; rate: number }

/** GET attribution?method=gradient|integrated|gradcam|occlusion&class= */
export interface Attribution { method: string; target: string; numbers: Numbers; words: Sentence }

/** GET results, check, runs */
export interface Results {
  headline: { name: string; value: string }[];
  confusion: { classes: string[]; counts: number[][] } | null;
  mistakes: Samples["samples"];
  part: string;               // "test": on which part of the data
}
export interface Findings { findings: { severity: string; what: string; todo: string; samples: number[] }[] }
export interface Runs { columns: string[]; rows: { path: string; cells: string[]; current: boolean }[] }
/** GET versus?run=PATH: another run on the same input. */
export interface Versus { runs: { title: string; prediction: Prediction; graph: { operations: number; parameters: number; macs: number; seconds: number } }[] }

/** GET save: how large the page is as one file; GET ../save is the file. */
export interface Saving { bytes: number; samples: number; name: string }

/** POST filter {kernel: number[][], padding: "replicate" | "reflect" | "circular" | "zeros" | "none", stride, dilation, pool: "" | "max" | "mean", at?: [channel, *space]}: the playground. */
export interface Filtered { look: Look; result: Numbers; size: Formula; kernel: number[][]; names: string[]; number: OneNumber | null }
/** GET filters */
export interface Filters { filters: { name: string; kernel: number[][]; what: string }[] }
