/** Where the pointer is along the x axis: all charts of a page mark the same place. */
type Listener = (x: number | null, from: object) => void;

export class Crosshair {
  private readonly listeners = new Set<Listener>();
  private frame = 0;

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Told to all others at the next frame. */
  set(x: number | null, from: object): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      for (const listener of this.listeners) listener(x, from);
    });
  }
}
