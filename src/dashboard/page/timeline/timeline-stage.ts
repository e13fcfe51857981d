// Owns a timeline on the screen: its canvases, what of it is in view, and where the pointer and the keyboard are. Paints at
// most once a frame of the screen, and only when something changed. The component around it hands in documents and hears
// of what people do; nothing here knows of the page's framework.

import type { PlanDocument, RunDocument, TimelineDocument } from '../../wire.ts';
import { type Palette, readPalette } from '../dag/palette.ts';
import { type Bar, LaneBars } from './lane-bars.ts';
import { NO_PLAN, type PlanLanes, planLanesOf } from './plan-bars.ts';
import { followed, panned, revealing, type TimeView, timeAt, wholeView, zoomed } from './time-view.ts';
import {
  AXIS_HEIGHT,
  type BarPlace,
  type Frame,
  paintAxis,
  paintLanes,
  type TimelineScene,
} from './timeline-painter.ts';

export interface StageElements {
  readonly axis: HTMLCanvasElement;
  readonly lanes: HTMLCanvasElement;
  /** What scrolls when there are more lanes than room. */
  readonly scroller: HTMLElement;
}

export interface StageDocuments {
  readonly timeline: TimelineDocument;
  readonly run: RunDocument;
  /** null = it is not shown. */
  readonly plan: PlanDocument | null;
  readonly selected: string | null;
}

const MOST_HEIGHT_PX = 12_000;
/** While the run goes on, its bars grow this often; with every frame they would keep a core busy. */
const LIVE_PERIOD_MS = 100;
/** So many times as long as the run is what is seen of the plan at first. */
const MOST_PLAN = 3;
const WIDE_LABELS = 116;
const NARROW_LABELS = 72;

export class TimelineStage {
  readonly #elements: StageElements;
  readonly #changed: () => void;
  readonly #clock: () => number;
  #documents: StageDocuments;
  #bars: LaneBars;
  #plan: PlanLanes = NO_PLAN;
  #palette: Palette;
  /** null = the run, and of the plan what is in proportion. */
  #view: TimeView | null = null;
  #now: number;
  #nowReadAt: number;
  /** All of it as it was when the view was last moved along. */
  #wholeShown: TimeView;
  #selected: BarPlace[] = [];
  #hovered: BarPlace | null = null;
  #cursor: BarPlace | null = null;
  #hasFocus = false;
  #frame = 0;
  /** Time of the frame that shows what there is to see; negative infinity = something has changed since. */
  #paintedAt = Number.NEGATIVE_INFINITY;

  /** `changed` is called when view, keyboard or pointer have moved; `clock` gives milliseconds that only grow. */
  constructor(elements: StageElements, documents: StageDocuments, changed: () => void, clock: () => number) {
    this.#elements = elements;
    this.#changed = changed;
    this.#clock = clock;
    this.#nowReadAt = clock();
    this.#documents = documents;
    this.#now = documents.timeline.end;
    this.#bars = new LaneBars(documents.timeline, this.#now);
    this.#palette = readPalette(elements.lanes);
    this.#readPlan();
    this.#wholeShown = this.whole;
    this.#select();
    this.invalidate();
  }

  /** Shows newer documents. */
  update(documents: StageDocuments): void {
    const before = this.#documents;
    this.#documents = documents;
    const { timeline, plan, selected } = documents;
    if (timeline !== before.timeline) {
      // The server's word on what time it is; in between, this computer's clock goes on from there.
      if (timeline.end !== before.timeline.end || !timeline.isLive) {
        this.#now = timeline.end;
        this.#nowReadAt = this.#clock();
      }
      // Of a document whose time alone has gone on, the bars are those of the one before.
      if (timeline.bars !== before.timeline.bars || timeline.lanes !== before.timeline.lanes) {
        this.#showBars(new LaneBars(timeline, this.now));
      }
    }
    if (plan !== before.plan || timeline.lanes !== before.timeline.lanes) this.#readPlan();
    this.#keepUp();
    if (timeline !== before.timeline || selected !== before.selected) this.#select();
    if (selected !== before.selected) this.#revealSelected();
    this.invalidate();
  }

  /** Reads the colours again. */
  restyle(): void {
    this.#palette = readPalette(this.#elements.lanes);
    this.invalidate();
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
  }

  get bars(): LaneBars {
    return this.#bars;
  }

  get now(): number {
    const { isLive, end } = this.#documents.timeline;
    return isLive ? Math.max(end, this.#now + this.#clock() - this.#nowReadAt) : end;
  }

  get whole(): TimeView {
    return wholeView(Math.max(this.now, this.#plan.end));
  }

  get view(): TimeView {
    return this.#view ?? this.#home();
  }

  /** Whether it shows what it shows at first. */
  get isHome(): boolean {
    return this.#view === null;
  }

  /** Whether there is nothing to zoom out to. */
  get isWidest(): boolean {
    const [view, whole] = [this.view, this.whole];
    return view.to - view.from >= (whole.to - whole.from) * 0.999;
  }

  get laneCount(): number {
    return this.#documents.timeline.lanes.length + this.#plan.extra.length;
  }

  get laneHeight(): number {
    const wanted = this.laneCount <= 24 ? 28 : this.laneCount <= 64 ? 17 : 11;
    return Math.max(3, Math.min(wanted, Math.floor(MOST_HEIGHT_PX / Math.max(1, this.laneCount))));
  }

  /** In pixels, labels apart. */
  get barsWidth(): number {
    return Math.max(1, this.#elements.scroller.clientWidth - this.labelWidth);
  }

  get labelWidth(): number {
    return this.#elements.scroller.clientWidth < 560 ? NARROW_LABELS : WIDE_LABELS;
  }

  /** The bar under the keyboard, or under the pointer where the keyboard is elsewhere. */
  get cursor(): BarPlace | null {
    return this.#cursor;
  }

  get hovered(): BarPlace | null {
    return this.#hovered;
  }

  barAt(place: BarPlace | null): Bar | undefined {
    return place === null ? undefined : this.#bars.at(place.lane, place.place);
  }

  laneLabel(lane: number): string {
    return this.#bars.labels[lane] ?? this.#plan.extra[lane - this.#bars.laneCount] ?? '';
  }

  /** The bar at a pixel of the lanes' canvas. */
  find(x: number, y: number): BarPlace | null {
    if (x < this.labelWidth) return null;
    const lane = Math.floor(y / this.laneHeight);
    const place = this.#bars.hit(lane, this.view, this.barsWidth, x - this.labelWidth);
    return place === undefined ? null : { lane, place };
  }

  hover(place: BarPlace | null): void {
    if (place?.lane === this.#hovered?.lane && place?.place === this.#hovered?.place) return;
    this.#hovered = place;
    this.invalidate();
    this.#changed();
  }

  /** Moves the keyboard's place, and what is in view along with it. */
  moveTo(place: BarPlace | null): void {
    this.#cursor = place;
    this.#reveal(place);
    this.invalidate();
    this.#changed();
  }

  focus(hasFocus: boolean): void {
    this.#hasFocus = hasFocus;
    this.invalidate();
  }

  /** `x` in pixels from the left end of the bars; the middle without it. */
  zoom(factor: number, x = this.barsWidth / 2): void {
    const next = zoomed(this.view, this.whole, timeAt(this.view, this.barsWidth, x), factor);
    this.#show(next);
  }

  pan(pixels: number): void {
    const { view } = this;
    if (!this.isWidest) this.#show(panned(view, this.whole, ((view.to - view.from) * pixels) / this.barsWidth));
  }

  showHome(): void {
    this.#view = null;
    this.invalidate();
    this.#changed();
  }

  // A plan far longer than the run so far would leave of the run a line at the edge.
  #home(): TimeView {
    return wholeView(Math.max(this.now, Math.min(this.#plan.end, MOST_PLAN * this.now)));
  }

  #show(view: TimeView): void {
    const home = this.#home();
    const slack = (home.to - home.from) * 0.001;
    const isHome = Math.abs(view.from - home.from) < slack && Math.abs(view.to - home.to) < slack;
    this.#view = isHome ? null : view;
    this.invalidate();
    this.#changed();
  }

  /** Paints with the next frame of the screen. */
  invalidate(): void {
    this.#paintedAt = Number.NEGATIVE_INFINITY;
    if (this.#frame === 0) this.#tick();
  }

  #paint(at: number): void {
    this.#frame = 0;
    const { isLive } = this.#documents.timeline;
    this.#bars.now = this.now;
    this.#keepUp();
    this.#paintNow();
    this.#paintedAt = at;
    if (isLive) this.#tick();
  }

  // Goes on while the run does; hidden pages get no frames.
  #tick(): void {
    this.#frame = requestAnimationFrame((at) => {
      if (at - this.#paintedAt >= LIVE_PERIOD_MS) this.#paint(at);
      else this.#tick();
    });
  }

  #keepUp(): void {
    const whole = this.whole;
    if (this.#view !== null) this.#view = followed(this.#view, this.#wholeShown, whole);
    this.#wholeShown = whole;
  }

  #paintNow(): void {
    const { axis, lanes, scroller } = this.#elements;
    const width = scroller.clientWidth;
    if (width === 0) return;
    const height = Math.max(1, this.laneCount) * this.laneHeight;
    const [axisContext, lanesContext] = [sized(axis, width, AXIS_HEIGHT), sized(lanes, width, height)];
    if (axisContext === null || lanesContext === null) return;
    const scene = this.#scene();
    const top = Math.max(0, scroller.scrollTop - AXIS_HEIGHT);
    const bottom = Math.min(height, top + scroller.clientHeight + AXIS_HEIGHT);
    const shared = {
      palette: this.#palette,
      width,
      labelWidth: this.labelWidth,
      laneHeight: this.laneHeight,
      top,
      bottom,
    };
    paintLanes({ context: lanesContext, ...shared } satisfies Frame, scene);
    paintAxis({ context: axisContext, ...shared } satisfies Frame, scene);
  }

  #scene(): TimelineScene {
    const { timeline, run } = this.#documents;
    return {
      bars: this.#bars,
      laneLabels: [...this.#bars.labels, ...this.#plan.extra],
      names: run.tasks.names,
      gaps: timeline.gaps,
      plan: this.#plan.bars,
      view: this.view,
      now: timeline.isLive ? this.now : null,
      selected: this.#selected,
      hovered: this.#hovered,
      cursor: this.#hasFocus ? this.#cursor : null,
    };
  }

  // Lanes and bars may have come above and before those where pointer and keyboard are: they stay at their attempts.
  #showBars(bars: LaneBars): void {
    const [hovered, cursor] = [this.barAt(this.#hovered), this.barAt(this.#cursor)];
    const placeOf = (bar: Bar | undefined) => (bar === undefined ? undefined : bars.ofAttempt(bar.task, bar.attempt));
    this.#bars = bars;
    this.#hovered = placeOf(hovered) ?? null;
    this.#cursor = placeOf(cursor) ?? null;
  }

  #readPlan(): void {
    const { plan, timeline, run } = this.#documents;
    this.#plan = plan === null ? NO_PLAN : planLanesOf(plan, timeline, run);
  }

  #select(): void {
    const { selected, run } = this.#documents;
    const task = selected === null ? -1 : run.tasks.names.indexOf(selected);
    this.#selected = task < 0 ? [] : this.#bars.ofTask(task);
  }

  #revealSelected(): void {
    const last = this.#selected.at(-1);
    if (last === undefined) return;
    this.#cursor = last;
    this.#reveal(last);
  }

  #reveal(place: BarPlace | null): void {
    const bar = this.barAt(place);
    if (place === null || bar === undefined) return;
    if (this.#view !== null) this.#view = revealing(this.#view, this.whole, bar.start, bar.end);
    const { scroller } = this.#elements;
    const y = place.lane * this.laneHeight;
    const room = scroller.clientHeight - AXIS_HEIGHT - this.laneHeight;
    if (y < scroller.scrollTop) scroller.scrollTop = y;
    else if (y > scroller.scrollTop + room) scroller.scrollTop = y - room;
  }
}

/** A canvas's context in pixels of the page, the canvas being as large as said. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = Math.min(devicePixelRatio, Math.max(1, 32_000 / height));
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
