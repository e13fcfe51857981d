// Owns the tests of the page's questions to the server: what it asks, and what it makes of every kind of answer.

import { describe, expect, it } from 'vitest';
import { ApiClient, ApiFault, OTHER_VERSION } from '../../../src/dashboard/page/api-client.ts';

interface Asked {
  readonly url: string;
  readonly init: RequestInit;
}

function clientOf(answer: () => Response | Promise<Response>) {
  const asked: Asked[] = [];
  const client = new ApiClient((url, init) => {
    asked.push({ url, init });
    return Promise.resolve(answer());
  });
  return { client, asked };
}

async function faultOf(promise: Promise<unknown>): Promise<ApiFault> {
  const thrown = await promise.then(
    () => new Error('it was answered'),
    (fault: unknown) => fault,
  );
  if (thrown instanceof ApiFault) return thrown;
  throw thrown;
}

describe('a question', () => {
  it('escapes what it is about', async () => {
    const { client, asked } = clientOf(() => Response.json({}, { status: 404 }));
    await faultOf(client.task('../a', 'b&c=d'));
    await faultOf(client.statechart('a/b?'));
    const query = { kind: 'task', standing: 'failed', search: 'x y&z', skip: 50, limit: 50 } as const;
    await faultOf(client.runs(query));
    expect(asked.map(({ url }) => url)).toEqual([
      '/api/runs/..%2Fa/task?name=b%26c%3Dd',
      '/api/statecharts/a%2Fb%3F',
      '/api/runs?skip=50&limit=50&kind=task&standing=failed&search=x+y%26z',
    ]);
  });

  it('is answered with the document', async () => {
    const { client } = clientOf(() => Response.json({ runs: [], total: 0, counts: {} }));
    const query = { kind: null, standing: null, search: '', skip: 0, limit: 50 };
    expect(await client.runs(query)).toEqual({ runs: [], total: 0, counts: {} });
  });

  it('that acts is posted as JSON', async () => {
    const { client, asked } = clientOf(() => Response.json({ message: 'Cancelled.', runId: null }));
    await client.act({ kind: 'cancel', runId: 'r1' });
    expect(asked[0]?.init).toMatchObject({ method: 'POST', body: '{"kind":"cancel","runId":"r1"}' });
    expect(new Headers(asked[0]?.init.headers).get('content-type')).toBe('application/json');
  });
});

describe('a fault', () => {
  it('is what the server says it is', async () => {
    const body = { error: { code: 'RUN_NOT_FOUND', message: 'no run is named r1' } };
    const { client } = clientOf(() => Response.json(body, { status: 404 }));
    expect(await faultOf(client.run('r1'))).toMatchObject({ ...body.error, status: 404 });
  });

  it('without a token says where to go', async () => {
    const { client } = clientOf(() => new Response('<html>', { status: 401 }));
    expect((await faultOf(client.system())).message).toContain('Open the address that it printed');
  });

  it('of an answer of another form says to reload', async () => {
    for (const answer of [Response.json({ runs: 1 }), new Response('<html>'), Response.json(null)]) {
      const { client } = clientOf(() => answer);
      expect((await faultOf(client.tree())).message).toBe(OTHER_VERSION);
    }
  });

  it('of a server that is not there says so', async () => {
    const { client } = clientOf(() => Promise.reject(new TypeError('fetch failed')));
    expect(await faultOf(client.welcome())).toMatchObject({ code: 'UNREACHABLE', status: 0 });
  });

  it('of a status without words names the status', async () => {
    const { client } = clientOf(() => new Response('oops', { status: 502 }));
    expect((await faultOf(client.welcome())).message).toContain('502');
  });

  it('is none of a question that was given up', async () => {
    const given = new AbortController();
    given.abort(new Error('given up'));
    const { client } = clientOf(() => Promise.reject(given.signal.reason));
    await expect(client.run('r1', given.signal)).rejects.toThrow('given up');
  });
});
