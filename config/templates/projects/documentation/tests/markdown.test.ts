// Holds what pages may hold. Run it with `node --test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headingsOf, linksOf, toHtml } from '../theme/markdown.ts';

test('headings of the same text get names of their own', () => {
  assert.deepEqual(
    headingsOf('# A b\n\n## A b').map(({ anchor }) => anchor),
    ['a-b', 'a-b-1'],
  );
});

test('links in code are none', () => {
  assert.deepEqual(linksOf('[a](b.md) and `[c](d.md)`\n\n```\n[e](f.md)\n```'), ['b.md']);
});

test('an escaped character is itself', () => {
  assert.equal(
    toHtml('# 2 \\* 3 &lt; 7', (target) => target),
    '<h1 id="2--3--7">2 &#42; 3 &lt; 7</h1>\n',
  );
  assert.equal(headingsOf('# 2 \\* 3 &lt; 7')[0]?.text, '2 * 3 < 7');
});

test('HTML and scripts in links stay text', () => {
  const html = toHtml('<script>x</script> [y](javascript:z)', (target) => target);
  assert.ok(!html.includes('<script>') && !html.includes('javascript:'));
});
