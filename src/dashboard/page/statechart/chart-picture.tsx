// Owns how large the picture of a machine is shown: readable and scrolled, fitting, or as large as someone likes; and that
// the current state is in view.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { StatechartDocument } from '../../wire.ts';
import { useElementWidth } from '../element-width.ts';
import { LEAST_SCALE, usePicture } from './placed-picture.ts';
import type { StatechartArrow, TakenWay } from './statechart-arrows.ts';
import type { StatechartPicture } from './statechart-layout.ts';
import { PictureDrawing } from './statechart-picture.tsx';

interface ChartPictureProps {
  readonly chart: StatechartDocument;
  readonly arrows: readonly StatechartArrow[];
  readonly way: TakenWay;
  readonly current: string | null;
  readonly stepCount: number;
  /** Whether it is shown by itself, over the page. */
  readonly isLarge: boolean;
  /** What the last button does: to show it by itself, or to end that. */
  resize(): void;
}

const SMALLEST = 0.3;
const LARGEST = 2.5;
const LARGEST_AT_FIRST = 1;
/** As in the style sheet: how high what scrolls may be. */
const roomAbove = (isLarge: boolean) => (isLarge ? innerHeight - 92 : Math.min(innerHeight * 0.72, 760)) - 2;

/** The picture of a machine with buttons for its size. */
export function ChartPicture({ chart, arrows, way, current, stepCount, isLarge, resize }: ChartPictureProps) {
  const [width, widthRef] = useElementWidth();
  const [picture, fault] = usePicture(chart, arrows, width);
  const [zoom, setZoom] = useState<number | null>(null);
  const scroller = useRef<HTMLElement>(null);
  // The border of what scrolls.
  const fitting = picture === null ? 1 : Math.min((width - 2) / picture.width, roomAbove(isLarge) / picture.height);
  const scale = zoom ?? Math.min(LARGEST_AT_FIRST, Math.max(LEAST_SCALE, fitting));
  useCurrentInView(scroller, picture, current, scale);
  const standing = current === null ? 'none of them current' : `now ${current}`;
  return (
    <div class="statechart-view" ref={widthRef}>
      {picture === null ? (
        <p class="faint">{fault ?? 'Laying out…'}</p>
      ) : (
        <>
          <ZoomButtons scale={scale} fitting={fitting} setZoom={setZoom} isLarge={isLarge} resize={resize} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <section class="statechart-scroll" ref={scroller} tabIndex={0} aria-label={`Picture of ${chart.name}`}>
            <PictureDrawing
              picture={picture}
              current={current}
              way={way}
              scale={scale}
              label={`Statechart of ${chart.name}: ${chart.states.length} states, ${standing}`}
              stepCount={stepCount}
            />
          </section>
        </>
      )}
    </div>
  );
}

interface ZoomProps extends Pick<ChartPictureProps, 'isLarge' | 'resize'> {
  readonly scale: number;
  readonly fitting: number;
  setZoom(zoom: number | null): void;
}

function ZoomButtons({ scale, fitting, setZoom, isLarge, resize }: ZoomProps) {
  const zoomTo = (wanted: number) => setZoom(Math.min(LARGEST, Math.max(SMALLEST, wanted)));
  return (
    <fieldset class="statechart-zoom" aria-label="Size of the picture">
      <button type="button" aria-label="Smaller" onClick={() => zoomTo(scale / 1.25)}>
        −
      </button>
      <button type="button" aria-label="Larger" onClick={() => zoomTo(scale * 1.25)}>
        +
      </button>
      <button type="button" onClick={() => zoomTo(fitting)}>
        Fit
      </button>
      <button type="button" onClick={() => setZoom(null)}>
        Readable
      </button>
      <button type="button" onClick={resize}>
        {isLarge ? 'Close' : 'Enlarge'}
      </button>
    </fieldset>
  );
}

function useCurrentInView(
  scroller: { readonly current: HTMLElement | null },
  picture: StatechartPicture | null,
  current: string | null,
  scale: number,
): void {
  useEffect(() => {
    const box = picture?.states.find(({ name }) => name === current);
    const element = scroller.current;
    if (box === undefined || element === null) return;
    const left = (box.x + box.width / 2) * scale - element.clientWidth / 2;
    const top = (box.y + box.height / 2) * scale - element.clientHeight / 2;
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    element.scrollTo({ left, top, behavior: isCalm ? 'auto' : 'smooth' });
  }, [scroller, picture, current, scale]);
}
