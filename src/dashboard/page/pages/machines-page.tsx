// Owns the page of the machines: every kind of actor as a statechart, its transitions as a table, and its definition for
// editors of statecharts.

import type { StatechartDocument } from '../../wire.ts';
import { useDocument } from '../dashboard-context.tsx';
import { CopyButton, EmptyState, FaultState, TextBox } from '../empty-state.tsx';
import { pluralText } from '../figures.ts';
import { useTitle } from '../navigation.tsx';
import { formatRoute } from '../router.ts';
import { Statechart } from '../statechart/statechart.tsx';
import './machines.css';

/** `#/machines[/<name>]` */
export function MachinesPage({ machine }: { readonly machine: string | null }) {
  const names = useDocument('machines', (api, signal) => api.statechartNames(signal));
  const shown = machine ?? names.document?.[0] ?? null;
  useTitle(machine === null ? 'Machines' : `Machine ${machine}`);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Machines</h1>
        <p class="faint">Every session, workflow and task runs as one of these statecharts.</p>
      </div>
      {names.fault === null ? null : (
        <FaultState title="The machines could not be listed" fault={names.fault} onRetry={names.refetch} />
      )}
      <div class="machines">
        <nav aria-label="Machines">
          <ul>
            {names.document?.map((name) => (
              <li key={name}>
                <a
                  href={formatRoute({ view: 'machines', machine: name })}
                  aria-current={name === shown ? 'true' : undefined}
                >
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        {shown === null ? null : <Machine key={shown} name={shown} />}
      </div>
    </>
  );
}

function Machine({ name }: { readonly name: string }) {
  const { document: chart, fault, refetch } = useDocument(name, (api, signal) => api.statechart(name, signal));
  if (fault !== null && chart === null) {
    return fault.status === 404 ? (
      <EmptyState title="There is no such machine">
        <p>{fault.message}</p>
      </EmptyState>
    ) : (
      <FaultState title="The machine could not be shown" fault={fault} onRetry={refetch} />
    );
  }
  if (chart === null) return <p class="loading faint">Fetching {name}…</p>;
  const definition = JSON.stringify(chart.definition, null, 2);
  return (
    <article class="machine" aria-labelledby="machine-title">
      <div class="machine-head">
        <h2 id="machine-title">{chart.name}</h2>
        <p class="faint">
          {pluralText(chart.states.length, 'state')}, {pluralText(chart.transitions.length, 'transition')}, starts in{' '}
          {chart.initial}
        </p>
        <CopyButton text={definition} what="definition, as editors of statecharts import it" label="Copy definition" />
      </div>
      <div class="machine-chart">
        <Statechart chart={chart} current={null} path={[]} />
      </div>
      <Transitions chart={chart} />
      <details>
        <summary>Definition</summary>
        <TextBox label="Definition" text={definition} />
      </details>
    </article>
  );
}

function Transitions({ chart }: { readonly chart: StatechartDocument }) {
  return (
    <details>
      <summary>Transitions as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, and the keyboard must be able to */}
      <section class="scroll-x" tabIndex={0} aria-label="Transitions">
        <table class="plain">
          <thead>
            <tr>
              {['From', 'Event', 'Guard', 'To', 'Actions'].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {chart.transitions.map(({ event, from, to, guard, actions }) => (
              <tr key={`${from} ${event} ${guard ?? ''} ${to}`}>
                <td>{from}</td>
                <td class="mono">{event}</td>
                <td class="mono">{guard}</td>
                <td>{to}</td>
                <td class="mono faint">{actions.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
