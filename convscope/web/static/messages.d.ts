/* What the server sends: one type a message, written from convscope/web/types by
   scripts/write_messages.py. A number that is infinite or none comes as null: JSON does not know it. */

export type Drawn = "maps" | "traces" | "slices" | "vector" | "steps"; // steps: a channel is a unit over the steps

/** One channel of a layer. */
export interface ChannelStatistics {
  channel: number;
  value: number; // what they are sorted by
  mean: number;
  min: number;
  max: number;
  sparsity: number;
}

/** Of a recurrent layer: (gate, step, unit). */
export interface Gates {
  names: string[];
  values: Numbers;
}

/** GET layer/{op}?sort=index|mean|max|sparsity|gradient|effect&page=: 64 channels. */
export interface Layer {
  index: number;
  sort: string;
  words: string; // how `value` of the items was found
  page: number;
  pages: number;
  channels: number;
  axes: Drawn; // how one channel is drawn
  space: number[]; // of one channel
  low: number; // of the whole layer
  high: number;
  items: ChannelStatistics[];
  maps: Numbers; // (item, *space), u8; large ones averaged: `maps.shape` may be smaller than `space`
  gates: Gates | null;
}

/** What slides, and the numbers below it. */
export interface Window {
  kind: "convolution" | "pooling" | "transposed";
  rule: "sum" | "max" | "mean";
  kernel: number[];
  stride: number[];
  padding: number[][]; // [before, after]
  dilation: number[];
  groups: number;
  input: Numbers; // (channel of the group, *space), f32
  channels: number[]; // which input channels these are
  weight: Numbers | null; // (channel of the group, *kernel), f32
  bias: number | null;
  unused: number[]; // positions at the end of each axis that no window reaches
  divisor: number | "inside" | "padded" | null; // of a mean: a number, or the taps that count
  spans: number[][][] | null; // windows that differ: of each axis, each step's [start, stop)
}

/** GET channel/{op}/{channel}: what a sliding window needs; the page computes sums itself, in float64. */
export interface Channel {
  index: number;
  channel: number;
  axes: Drawn;
  drawing: "window" | "steps" | "shares" | "vector" | "terms"; // of one number
  window: Window | null; // null: no sliding window; numbers come one by one
  output: Numbers; // the output map, f32
}

/** The numbers that one rule makes into one. */
export interface Terms {
  axes: string[];
  rule: "sum" | "max" | "min";
  values: Nested;
  factors: Record<string, Nested>;
  places: Record<string, Nested>;
  result: number;
}

/** What a gate of a recurrent layer is made of. */
export interface Gate {
  letter: string;
  squash: "σ" | "tanh" | "relu";
  input: number; // step that is the part from the input
  hidden: number; // step that is the part from the state before
  input_bias: number;
  hidden_bias: number;
  reset: number | null; // what the hidden part with its bias is multiplied by
  before: number; // the sum that is squashed
}

/** The states of one unit of a recurrent layer around a step. */
export interface Cell {
  kind: "lstm" | "gru" | "rnn";
  layer: number;
  direction: number;
  hidden: number;
  hidden_before: number;
  cell: number | null;
  cell_before: number | null;
}

/** One line of a calculation. */
export interface Step {
  name: string;
  formula: Rendered;
  numbers: Rendered;
  value: number;
  code: string;
  terms: Terms | null;
  gate: Gate | null;
}

/** A number of another operation's first output. */
export interface Origin {
  op: number;
  at: number[];
}

/** GET number/{op}?at=0,3,7,7: one number with its proof. `at` is (sample, channel, *space) as layer and channel show them, wherever the tensor has these axes; the answer's `at` is the place in the tensor. GET number/{op}?gradient=weight&at=…&target=CLASS: d(score of a class)/d(one number of that argument), `at` in it; without target the true class, else the predicted one. */
export interface OneNumber {
  op: string;
  name: string;
  about: string;
  at: number[];
  kind: "explained" | "not explained";
  what: string;
  formula: Rendered;
  numbers: Rendered;
  notes: string[];
  terms: Terms | null;
  bias: number | null;
  steps: Step[];
  cell: Cell | null;
  result: number;
  network: number;
  difference: number;
  bound: number;
  holds: boolean;
  source: string;
  code: SourceLine | null;
  python: string;
  box: number[][] | null; // its receptive field on the input
  origin: Origin | null; // where it came from, if one number of another operation became it
}

/** GET step/{op}?weight=weight&at=3,0,1,1&rule=sgd|momentum|adam&rate=0.01&target=CLASS. One optimizer step on the cross-entropy of this input. */
export interface WeightStep extends OneNumber {
  loss: number;
  gradient: number;
  weight: number;
  target: number;
  rule: string;
  rate: number;
}

/** One tensor that the model takes, without its sample axis. */
export interface Input {
  name: string;
  shape: number[];
  dtype: string;
}

/** GET session. */
export interface Session {
  title: string; // of the run or model
  note: string; // what to bear in mind: that it is untrained, for example; "" for nothing
  kind: "image" | "signal" | "volume" | "sequence" | "any";
  classes: string[]; // empty: regression, or no run behind it
  hasData: boolean; // samples to choose from
  hasRun: boolean; // results, data check, runs side by side
  canDraw: boolean; // small grey pictures, one-channel signals
  inputs: Input[];
  saved: boolean; // a saved page: nothing can be computed anew
  version: string;
}

/** One of the data. */
export interface Sample {
  index: number;
  look: Look;
  label: string;
  predicted: string;
  probability: number | null; // null: a value
}

/** GET samples?which=right|wrong|unsure|all&class=&predicted=&page=&size=. class and predicted: names, "" for all. */
export interface Samples {
  which: string;
  page: number;
  pages: number;
  total: number;
  counts: Record<string, number>; // right, wrong, unsure, all; of values, or before `ready`: all alone
  samples: Sample[];
  part: string; // "test": which part of the data these are
  ready: boolean; // false: the network is still looking at them; main.js asks again
}

/** A measure with its value, in words. */
export interface Measure {
  name: string;
  value: string;
}

/** pairs: the true class, what was said, and how often; those that occur, row by row. */
export interface ConfusionMatrix {
  classes: string[];
  pairs: number[][];
}

/** GET results. */
export interface Results {
  headline: Measure[];
  confusion: ConfusionMatrix | null;
  mistakes: Sample[];
  part: string; // "test": on which part of the data
}

/** GET plane?method=: samples as points, so that what is alike to the network lies together. */
export interface Plane {
  method: string;
  methods: string[]; // that can be asked for
  points: Numbers; // (sample, 2)
  shares: number[]; // of the variance, to the right and upwards; empty: the axes mean nothing
  samples: number[]; // their places in the part that is shown
  truth: number[]; // indices of classes; of a regression the values
  said: number[];
  sure: number[] | null; // the probabilities of what was said; null: values
  looks: Look | null; // of all of them at once: (sample, channel, *space); null: not in a saved page
  total: number; // samples of the part
  part: string;
}

/** A training sample. */
export interface Neighbour {
  look: Look;
  label: string;
  name: string;
  distance: number;
}

/** GET nearest: the training samples that are most like the input, nearest first. */
export interface Nearest {
  neighbours: Neighbour[];
  layer: string; // whose features the distances are between
  compared: number; // training samples, of
  total: number;
}

/** samples: places in the part that is shown. */
export interface Finding {
  severity: string;
  what: string;
  todo: string;
  samples: number[];
}

/** GET check. */
export interface Findings {
  findings: Finding[];
}

/** current: the one that is open. */
export interface RunRow {
  path: string;
  cells: string[];
  current: boolean;
}

/** GET runs. */
export interface Runs {
  columns: string[];
  rows: RunRow[];
}

/** How large a network is. */
export interface NetworkSize {
  operations: number;
  parameters: number;
  macs: number;
  seconds: number;
}

/** One of two runs. */
export interface ComparedRun {
  title: string;
  prediction: Prediction | null;
  graph: NetworkSize;
}

/** GET versus?run=PATH: this run and another one on the same input. */
export interface Versus {
  runs: ComparedRun[];
}

/** GET save: how large the page is as one file; GET ../save is the file. */
export interface Saving {
  bytes: number;
  samples: number;
  name: string;
}

/** One box of the map. */
export interface Operation {
  index: number;
  name: string;
  op: string; // "conv2d"
  what: string; // "Conv2d 5×5", "F.relu": what stands below the name
  module: number; // index in modules
  shape: number[]; // of the first output, with the sample axis
  inputs: number[]; // operations it takes from; −1 is the model's input
  parameters: number;
  macs: number;
  seconds: number;
  reshapes: boolean; // only moves numbers, or passes them on
  drawn: "pill" | "join" | "parts" | "box"; // on the edge, a sign, a bar of what each input brings
  sign: string; // between its two inputs: "+"
  noise: boolean; // changes numbers at random, and only in training
  explained: boolean;
  signed: boolean; // has values below zero
  thumbnail: Numbers | null; // small mean map (≤ 28×28, u8), or bars of a vector
}

/** One call of a module. */
export interface Module {
  index: number;
  path: string;
  kind: string;
  parent: number | null;
  same: string; // equal for repeated blocks
}

/** Why a forward stopped. */
export interface Failure {
  words: string;
  what: string;
  where: string;
  cause: string;
  axis: string;
  fix: string;
  place: string; // where the fix goes
  advice: string; // in words, where there is no line to paste
  tried: string; // a sentence, or ""
  rule: string; // convscope rule NAME says more
  operation: Operation | null; // also the last of `operations`, without a shape
  source: SourceLine | null;
}

/** What runs and looks wrong. */
export interface Suspicion {
  what: string;
  path: string; // of the module
  why: string;
  fix: string;
  rule: string; // convscope rule NAME says more
}

/** Of the network. */
export interface Totals {
  parameters: number;
  macs: number;
  seconds: number;
  bytes: number;
}

/** Where a sample stands in the data. */
export interface SamplePlace {
  part: string; // train, val or test
  number: number;
}

/** The input that went through: a sample of the data or what `caption` says, and its changes. */
export interface Shown {
  caption: string;
  place: SamplePlace | null;
  change: string;
  look: Look;
  sample: number | null;
  label: string | null;
}

/** GET graph. */
export interface Graph {
  trace: string; // changes with every new input or edit
  input: Shown;
  prediction: Prediction | null;
  operations: Operation[];
  modules: Module[];
  failure: Failure | null;
  suspicions: Suspicion[];
  totals: Totals;
  edited: Sentence[]; // what-if changes in force
}

/** Parts of the network, 0 … 1. */
export interface Share {
  parameters: number;
  macs: number;
  seconds: number;
}

/** What one unit sees of the input. */
export interface Receptive {
  size: number[];
  jump: number[];
  exact: boolean;
  box: number[][];
}

/** How often which values occur, in bins of equal width from low to high. */
export interface Histogram {
  low: number;
  high: number;
  counts: number[];
}

/** The operation run again from what it was given. */
export interface Replayed {
  exact: boolean;
  words: string;
}

/** A parameter by its name in the model. */
export interface Weight {
  name: string;
  shape: number[];
  numbers: number;
}

/** What an operation takes. */
export interface Argument {
  name: string;
  shape: number[];
}

/** GET operation/{op}?at=0,3,7,7: the right side. at: the unit whose receptive field is boxed, else the one in the middle. */
export interface OperationDetail {
  index: number;
  name: string;
  op: string;
  settings: string;
  source: SourceLine | null;
  docs: string;
  shape: number[];
  size: Formula[]; // an axis each
  parameters: Formula | null;
  macs: Formula | null;
  share: Share;
  bytes: number;
  seconds: number;
  receptive: Receptive | null;
  histogram: Histogram | null;
  replayed: Replayed | null;
  weights: Weight[];
  arguments: Argument[]; // those whose gradient can be taken apart: number/{op}?gradient=NAME&at=…
}

export type Nested = number | Nested[];

export type InputKind = "image" | "signal" | "volume" | "sequence" | "vector";

/** A text of the page's language files, and what to fill in. */
export interface Sentence {
  text: string;
  values: Record<string, string>;
}

/** Little-endian numbers; shape as in torch. "u8" is grey: value = low + byte/255·(high − low). On the way `data` is base64, or `{"value": "9f86…"}`, whose bytes api.js fetches from value/9f86…. */
export interface Numbers {
  dtype: "f32" | "u8";
  shape: number[];
  data: string | Uint8Array<ArrayBuffer>;
  low: number;
  high: number;
}

/** One sample as the person sees it: (channel, *space), whatever its kind; a vector (n). */
export interface Look {
  kind: InputKind;
  numbers: Numbers;
  names: string[]; // of the channels
}

/** A line of the person's code. */
export interface SourceLine {
  file: string;
  line: number;
  text: string;
}

/** A formula as text, as MathML in the parts between which a line may break, and what stands beside it. */
export interface Rendered {
  text: string;
  math: MathML[];
  beside: string[];
}

/** A formula in general and with the numbers. */
export interface Formula {
  axis: string; // that it is the size of; "" for other figures
  general: Rendered;
  numbers: Rendered;
  value: string;
  notes: string[];
}

/** What the network says; truth: the index of the true class. */
export interface Prediction {
  classes: string[];
  logits: number[];
  probabilities: number[];
  truth: number | null;
}

export type MathML = string | MathML[];

export type Finite = number;

/** Little-endian numbers in base64. */
export interface Packed {
  dtype: "f32";
  shape: number[];
  data: string;
}

/** One number of the input. */
export interface Place {
  at: number[];
  value: Finite;
}

/** The same number everywhere in [[from, to (without)], …], or each channel's mean. */
export interface Box {
  box: number[][];
  value: Finite | "mean";
}

/** POST input: a file and its name, a sample, numbers, a change of the input, or what it was at first. */
export interface Given {
  upload?: string | Uint8Array<ArrayBuffer>;
  name?: string;
  sample?: number;
  numbers?: Packed | Finite[];
  shape?: number[]; // of a list of numbers
  caption?: string;
  change?: string; // the numbers are the input on the screen, changed so
  edit?: Place;
  mask?: Box;
  reset?: boolean;
}

/** POST input: the new graph's `trace`. */
export interface Chosen {
  trace: string;
}

/** POST edit: weight[output, input] of its group. */
export interface KernelEdit {
  op: number;
  what: "kernel";
  output: number;
  input: number;
  values: Nested;
}

/** POST edit: its output is zero. */
export interface ChannelEdit {
  op: number;
  what: "channel";
  channel: number;
}

/** POST edit: one of EditChoices.activations. */
export interface ActivationEdit {
  op: number;
  what: "activation";
  to: string;
}

/** POST edit: another stride, padding or dilation. */
export interface SettingEdit {
  op: number;
  what: "setting";
  setting: string;
  value: number[];
}

export type Edit = KernelEdit | ChannelEdit | ActivationEdit | SettingEdit;

/** inputs: of one group. */
export interface KernelShape {
  outputs: number;
  inputs: number;
  size: number[];
}

/** A setting of a layer that slides, an axis each. */
export interface Setting {
  setting: "stride" | "padding" | "dilation";
  value: number[];
}

/** This input through the unchanged model. */
export interface Before {
  prediction: Prediction | null;
  thumbnail: Numbers | null;
}

/** GET edit/{op}: what can be tried on this operation, and what was there before anything was. */
export interface EditChoices {
  kernel: KernelShape | null;
  channels: number; // that can be set to zero; 0: none
  activations: string[];
  activation: string | null; // null: this is none
  settings: Setting[];
  before: Before | null; // null: nothing was changed
}

/** shape: of the operation; output: of the model. */
export interface Outcome {
  prediction: Prediction | null;
  shape: number[];
  output: number[];
  failure: Failure | null;
}

/** POST edit answers with what it did. */
export interface Edited {
  words: Sentence;
  edited: Sentence[];
  before: Outcome;
  after: Outcome;
}

/** POST undo, POST reset: the last change, or all of them. */
export interface Undone {
  trace: string;
  edited: Sentence[];
}

/** GET attribution?method=gradient|integrated|gradcam|occlusion&class=. */
export interface Attribution {
  method: string;
  target: string;
  numbers: Numbers;
  words: Sentence;
}

/** One of the classic ones. */
export interface Filter {
  name: string;
  kernel: number[][];
  what: string;
}

/** GET filters. */
export interface Filters {
  filters: Filter[];
}

/** POST filter: the playground; at: a number to take apart, (channel, *space). */
export interface Playground {
  kernel: Nested;
  padding?: string; // one of replicate, reflect, circular, zeros, none
  stride?: number;
  dilation?: number;
  pool?: string; // "", max or mean
  at?: number[] | null;
}

/** POST filter. */
export interface Filtered {
  look: Look;
  result: Numbers;
  size: Formula[]; // an axis each
  kernel: number[][];
  names: string[];
  number: OneNumber | null;
}
