/** A chart of lines: uPlot for axes and the pointer, canvases of our own for the lines above them. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Crosshair } from "@/components/charts/crosshair";
import { drawLine, drawLines, drawMany, MANY } from "@/components/charts/draw";
import { onPointedRun, pointAtRun, pointedRun } from "@/components/charts/pointed-run";
import { type Line, type Reading, readings, type Span, xSpan, ySpan } from "@/lib/chart-data";
import { corners, type Looks, options } from "@/lib/chart-options";
import { place, type Scale, valueAt, within } from "@/lib/chart-paths";
import type { XAxis } from "@/lib/chart-state";

export interface View {
  lines: readonly Line[];
  x: XAxis;
  logX: boolean;
  logY: boolean;
  /** The ends of the y axis that somebody set. */
  y: readonly [number | null, number | null] | undefined;
  calm: boolean;
  zoom: Span | null;
}

export interface Hover {
  x: number;
  /** Of the pointer, in the window. */
  left: number;
  top: number;
  readings: Reading[];
  nearest: Reading | null;
}

export interface Told {
  hover: (hover: Hover | null) => void;
  pin: (hover: Hover | null) => void;
  zoom: (zoom: Span | null) => void;
}

const SLACK = 14;
const POINTING = 28;
const DOTS = 40;
const SETTLED_MS = 140;

export class Plot {
  private readonly u: uPlot;
  private readonly lines: CanvasRenderingContext2D;
  private readonly top: CanvasRenderingContext2D;
  private readonly leave: (() => void)[] = [];
  private span: Span = [0, 1];
  private values: Span = [0, 1];
  private moving: Span | null = null;
  private at: { x: number; y: number | null } | null = null;
  private frame = 0;
  private later = 0;
  private settle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    host: HTMLElement,
    size: { width: number; height: number },
    looks: Looks,
    private view: View,
    private readonly crosshair: Crosshair,
    private readonly told: Told,
  ) {
    this.range();
    const { x, logX, logY } = view;
    const none = () => null;
    this.u = new uPlot(
      options({
        ...size,
        x,
        logX,
        logY,
        looks,
        xSpan: () => this.span,
        ySpan: () => this.values,
        hooks: {
          draw: [() => this.drawSoon()],
          setCursor: [() => this.pointed()],
          setSelect: [() => this.selected()],
        },
        bind: {
          mousedown: (_, __, go) => (event) => (event.shiftKey || event.button !== 0 ? null : go(event)),
          dblclick: () => none,
          click: none,
        },
      }),
      corners(this.span, this.values),
      host,
    );
    this.lines = this.layer("lines");
    this.top = this.layer("top");
    this.leave.push(crosshair.listen((x, from) => from !== this && this.show(x)));
    this.leave.push(onPointedRun(() => this.drawTop()));
    this.listen();
  }

  /** What it shows from now on; another kind of axis needs another plot. */
  update(view: View): void {
    // Somebody asked for all of it: what was still on its way there no longer counts.
    if (view.zoom === null && this.view.zoom !== null) this.stop();
    const sameLines = view.lines === this.view.lines;
    this.view = view;
    if (this.settle === undefined) this.moving = null;
    cancelAnimationFrame(this.later);
    // Drawing what is there takes time in which what is missing can be under way.
    if (sameLines) this.later = requestAnimationFrame(() => this.again());
    else this.again();
  }

  resize(width: number, height: number): void {
    if (width === this.u.width && height === this.u.height) return;
    this.u.setSize({ width, height });
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.later);
    clearTimeout(this.settle);
    for (const leave of this.leave) leave();
    this.u.destroy();
  }

  /** The part of the axis that is seen. */
  get seen(): Span {
    return this.span;
  }

  /** The chart as a picture, with a ground. */
  async png(ground: string): Promise<Blob | null> {
    const { canvas } = this.u.ctx;
    const made = document.createElement("canvas");
    made.width = canvas.width;
    made.height = canvas.height;
    const ctx = made.getContext("2d")!;
    ctx.fillStyle = ground;
    ctx.fillRect(0, 0, made.width, made.height);
    ctx.drawImage(canvas, 0, 0);
    const { left, top, width, height } = this.u.bbox;
    ctx.drawImage(this.lines.canvas, left, top, width, height);
    return new Promise((resolve) => made.toBlob(resolve, "image/png"));
  }

  /** Moves what is seen by a share of its width, or makes it so many times as wide around a place. */
  move(share: number): void {
    const scale = this.xScale();
    this.go([valueAt(scale, share * scale.size), valueAt(scale, (1 + share) * scale.size)]);
  }

  widen(times: number, around = 0.5): void {
    const scale = this.xScale();
    const middle = around * scale.size;
    this.go([
      valueAt(scale, middle - middle * times),
      valueAt(scale, middle + (scale.size - middle) * times),
    ]);
  }

  /** Shows the whole axis. */
  reset(): void {
    this.stop();
    this.moving = null;
    this.again();
    this.told.zoom(null);
  }

  private stop(): void {
    clearTimeout(this.settle);
    this.settle = undefined;
  }

  private go(span: Span): void {
    if (!(span[0] < span[1]) || !Number.isFinite(span[0]) || !Number.isFinite(span[1])) return;
    this.moving = span;
    this.again();
    clearTimeout(this.settle);
    this.settle = setTimeout(() => {
      this.settle = undefined;
      this.draw();
      this.told.zoom(this.moving);
    }, SETTLED_MS);
  }

  private again(): void {
    this.range();
    this.u.setData(corners(this.span, this.values));
  }

  private range(): void {
    const { lines, logX, logY, y, calm, zoom } = this.view;
    const whole = xSpan(lines, logX) ?? (logX ? [1, 10] : [0, 1]);
    this.span = this.moving ?? zoom ?? whole;
    if (logX && this.span[0] <= 0) this.span = [Math.min(whole[0], this.span[1] / 10), this.span[1]];
    const [low, high] = ySpan(lines, this.span, logY, calm);
    const from = y?.[0] ?? low;
    const to = y?.[1] ?? high;
    this.values = from < to && (!logY || from > 0) ? [from, to] : [low, high];
  }

  private layer(name: string): CanvasRenderingContext2D {
    const canvas = document.createElement("canvas");
    canvas.dataset.layer = name;
    canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
    this.u.over.append(canvas);
    return canvas.getContext("2d")!;
  }

  private xScale(): Scale {
    return { span: this.span, log: this.view.logX, from: 0, size: this.u.over.clientWidth };
  }

  private yScale(): Scale {
    const height = this.u.over.clientHeight;
    return { span: this.values, log: this.view.logY, from: height, size: -height };
  }

  private drawSoon(): void {
    // uPlot draws while it is made, before there are layers.
    if (this.lines) this.draw();
    else queueMicrotask(() => this.draw());
  }

  private draw(): void {
    const ctx = this.cleared(this.lines);
    const x = this.xScale();
    const y = this.yScale();
    const { lines } = this.view;
    let buckets = 0;
    for (const { series } of lines) {
      const [from, to] = within(series, x.span);
      buckets += to - from;
    }
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, 0, x.size, y.from);
    ctx.clip();
    const many = this.settle === undefined ? MANY.rest : MANY.move;
    if (buckets > many) drawMany(ctx, lines, x, y, Math.ceil(x.size), Math.ceil(y.from));
    else drawLines(ctx, lines, x, y);
    ctx.restore();
    this.drawTop();
  }

  private cleared(ctx: CanvasRenderingContext2D): CanvasRenderingContext2D {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.u.over.clientWidth * ratio);
    const height = Math.round(this.u.over.clientHeight * ratio);
    if (ctx.canvas.width !== width || ctx.canvas.height !== height) {
      ctx.canvas.width = width;
      ctx.canvas.height = height;
    } else {
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.clearRect(0, 0, width, height);
    }
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    return ctx;
  }

  /** What changes with the pointer: the line it is on, and dots where lines cross the mark. */
  private drawTop(): void {
    const ctx = this.cleared(this.top);
    const run = pointedRun();
    const chosen = run === null ? [] : this.view.lines.filter((line) => line.runId === run);
    this.lines.canvas.style.opacity = chosen.length > 0 && this.view.lines.length > 1 ? "0.3" : "1";
    const x = this.xScale();
    const y = this.yScale();
    for (const line of chosen) drawLine(ctx, line, x, y, 2.25);
    if (this.at === null) return;
    const found = this.readings(this.at.x);
    const few = found.length <= DOTS ? found : found.filter((one) => one.line.runId === run);
    for (const { line, x: px, value } of few) {
      const left = place(x, px);
      const top = place(y, value);
      if (!Number.isFinite(left) || !Number.isFinite(top)) continue;
      ctx.fillStyle = line.color;
      ctx.beginPath();
      ctx.arc(left, top, 3, 0, 2 * Math.PI);
      ctx.fill();
    }
  }

  private readings(x: number): Reading[] {
    const scale = this.xScale();
    const slack = Math.abs(valueAt(scale, place(scale, x) + SLACK) - x);
    return readings(this.view.lines, x, slack);
  }

  /** The pointer is somewhere else in another chart. */
  private show(x: number | null): void {
    const inside = x !== null && x >= this.span[0] && x <= this.span[1];
    this.at = inside ? { x, y: null } : null;
    const left = inside ? place(this.xScale(), x) : -10;
    this.u.setCursor({ left, top: inside ? 0 : -10 }, false);
    this.drawTop();
  }

  private pointed(): void {
    const { left, top } = this.u.cursor;
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      if (left === undefined || top === undefined || left < 0) {
        this.at = null;
        this.crosshair.set(null, this);
        pointAtRun(null);
        this.told.hover(null);
        this.drawTop();
        return;
      }
      const x = valueAt(this.xScale(), left);
      this.at = { x, y: top };
      this.crosshair.set(x, this);
      const hover = this.hover(left, top);
      pointAtRun(hover.nearest?.line.runId ?? null);
      this.told.hover(hover);
      this.drawTop();
    });
  }

  private hover(left: number, top: number): Hover {
    const x = valueAt(this.xScale(), left);
    const y = this.yScale();
    const found = this.readings(x);
    let nearest: Reading | null = null;
    let least = POINTING;
    for (const one of found) {
      const distance = Math.abs(place(y, one.value) - top);
      if (distance < least) {
        least = distance;
        nearest = one;
      }
    }
    const box = this.u.over.getBoundingClientRect();
    return { x, left: box.left + left, top: box.top + top, readings: found, nearest };
  }

  private selected(): void {
    const { left, width } = this.u.select;
    if (width < 4) return;
    const scale = this.xScale();
    this.u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.told.zoom([valueAt(scale, left), valueAt(scale, left + width)]);
  }

  private listen(): void {
    const { over } = this.u;
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      call: (event: HTMLElementEventMap[K]) => void,
      how?: AddEventListenerOptions,
    ) => {
      over.addEventListener(type, call, how);
      this.leave.push(() => over.removeEventListener(type, call));
    };
    // What stands above a chart may have moved it since uPlot last looked where it is.
    on("mouseenter", () => this.u.syncRect());
    let down: [number, number] | null = null;
    on("mousedown", (event) => {
      down = [event.clientX, event.clientY];
    });
    on("click", (event) => {
      const still = down && Math.hypot(event.clientX - down[0], event.clientY - down[1]) < 4;
      if (!still || event.shiftKey || event.detail > 1) return;
      const box = over.getBoundingClientRect();
      this.told.pin(this.hover(event.clientX - box.left, event.clientY - box.top));
    });
    on("dblclick", () => this.reset());
    on("pointerdown", (event) => {
      if (!event.shiftKey && event.button !== 1) return;
      event.preventDefault();
      this.drag(event);
    });
    on(
      "wheel",
      (event) => {
        if (event.ctrlKey || event.metaKey) {
          event.preventDefault();
          const box = over.getBoundingClientRect();
          this.widen(1.0015 ** event.deltaY, (event.clientX - box.left) / box.width);
        } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          event.preventDefault();
          this.move((event.deltaX || event.deltaY) / this.xScale().size);
        }
      },
      { passive: false },
    );
  }

  private drag(start: PointerEvent): void {
    const { over } = this.u;
    const scale = this.xScale();
    over.setPointerCapture(start.pointerId);
    const moved = (event: PointerEvent) => {
      const by = start.clientX - event.clientX;
      this.go([valueAt(scale, by), valueAt(scale, scale.size + by)]);
    };
    const ended = () => {
      over.removeEventListener("pointermove", moved);
      over.removeEventListener("pointerup", ended);
    };
    over.addEventListener("pointermove", moved);
    over.addEventListener("pointerup", ended);
  }
}
