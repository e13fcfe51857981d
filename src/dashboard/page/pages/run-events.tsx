// Owns what happened to a run as a whole, when, and what it was started with.

import type { RunDocument } from '../../wire.ts';
import { useDashboard } from '../dashboard-context.tsx';
import { CopyButton, TextBox } from '../empty-state.tsx';
import { clockText, durationText, exactTimeText } from '../figures.ts';

/** The moments of a run, its parameters, its session. */
export function RunEvents({ run }: { readonly run: RunDocument }) {
  const { clock } = useDashboard();
  const moments = momentsOf(run);
  const first = run.summary.createdAt;
  const parameters = JSON.stringify(run.parameters ?? {}, null, 2);
  return (
    <div class="run-events">
      <section>
        <h2>What happened</h2>
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col" class="number">
                After
              </th>
              <th scope="col">Event</th>
              <th scope="col">Detail</th>
            </tr>
          </thead>
          <tbody>
            {moments.map(({ type, at, detail }) => (
              <tr key={`${at} ${type}`}>
                <td title={exactTimeText(at)}>{clockText(at, clock.now())}</td>
                <td class="number">{durationText(at - first)}</td>
                <td class="mono">{type}</td>
                <td>{detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section>
        <h2>Parameters</h2>
        {parameters === '{}' ? (
          <p class="faint">It was started without parameters.</p>
        ) : (
          <>
            <CopyButton text={parameters} what="parameters" />
            <TextBox label="Parameters" text={parameters} />
          </>
        )}
      </section>
      <section>
        <h2>Session</h2>
        <p class="mono">{run.sessionId}</p>
      </section>
    </div>
  );
}

// What is on record of the run besides its beginning and end, and those.
function momentsOf(run: RunDocument): RunDocument['moments'] {
  const { createdAt, startedAt, endedAt, standing, reason } = run.summary;
  const told = new Set(run.moments.map(({ type }) => type));
  const moments = [{ type: 'created', at: createdAt, detail: null }, ...run.moments];
  if (startedAt !== null && !told.has('started')) moments.push({ type: 'started', at: startedAt, detail: null });
  if (endedAt !== null && !told.has(standing)) moments.push({ type: standing, at: endedAt, detail: reason });
  return moments.sort((a, b) => a.at - b.at);
}
