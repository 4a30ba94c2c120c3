import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { PROCESS_METRICS } from '../../src/metric-table.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { missing, runTool } from '../support/go-tools.ts';
import { kubernetesDouble } from '../support/kubernetes-double.ts';
import { startSidecar } from '../support/rollcall.ts';
import { deadLink } from './headings.ts';
import { rules } from './rules.ts';

const root = new URL('../../', import.meta.url);
const text = (file: string) => readFileSync(new URL(file, root), 'utf8');
const operations = text('docs/operations.md');

/** The block of YAML in the page that begins so. */
function blockOf(beginning: string): string {
  const blocks = [...operations.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.find((block) => block.startsWith(beginning)) ?? assert.fail(beginning);
}

test('the jobs for a Prometheus without the operator are those that the monitors make', () => {
  interface Job {
    job_name: string;
    relabel_configs: { source_labels: string[]; action?: string }[];
  }
  const { scrape_configs: jobs } = parse(blockOf('scrape_configs:')) as { scrape_configs: Job[] };
  const [webhook] = parseAllDocuments(text('deploy/monitoring/service-monitor.yaml')).map((one) =>
    one.toJS(),
  );
  const [sidecar] = parseAllDocuments(text('deploy/monitoring/pod-monitor.yaml')).map((one) => one.toJS());
  const endpoints = [...webhook.spec.endpoints, ...sidecar.spec.podMetricsEndpoints];
  const named = endpoints.flatMap(({ relabelings }) =>
    relabelings.filter(({ targetLabel }: { targetLabel: string }) => targetLabel === 'job'),
  );
  assert.deepEqual(
    jobs.map((job) => job.job_name),
    named.map(({ replacement }) => replacement),
  );
});

test('promtool takes them', { skip: missing('promtool') }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-scrape-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'prometheus.yaml');
  writeFileSync(file, blockOf('scrape_configs:'));
  const { code, output } = runTool('promtool', ['check', 'config', '--syntax-only', file]);
  assert.equal(code, 0, output);
});

test('the alerts that the page says need four metrics of sidecars need no other', () => {
  const [, told] = /scrape (`rollcall_stale`.*?) only/s.exec(operations)!;
  const kept = [...told!.matchAll(/rollcall_\w+/g)].map(([name]) => name);
  const outputs = /file|notify|hook/;
  const asked = rules()
    .flatMap(
      ({ expr }) => expr.match(/rollcall_(stale|synced|members|upstream_\w+|file_\w+|hook_\w+)/g) ?? [],
    )
    .filter((name) => !outputs.test(name));
  assert.deepEqual([...new Set(asked)].toSorted(), kept.toSorted());
});

test('a sidecar has as many series as the page says', async (t) => {
  const api = await kubernetesDouble(t);
  const flags = { server: api.url, namespace: 'default', service: 'db' };
  api.create(
    slicePath('default'),
    endpointSlice({
      ...flags,
      name: 'db-1',
      endpoints: [podEndpoint({ name: 'db-0', uid: 'u0', ip: '10.0.0.1' })],
    }),
  );
  const { process: sidecar } = await startSidecar(t, flags);
  await sidecar.logged(/^synced$/);
  const scrape = await fetch(`http://127.0.0.1:${await sidecar.port()}/metrics`);
  const series = (await scrape.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const aboutProcess = Object.values(PROCESS_METRICS).map(({ name }) => name);
  const ofProcess = series.filter((line) => aboutProcess.some((name) => line.startsWith(name)));
  const [, own, process] = /A sidecar has (\d+) series and (\d+) about its process/.exec(operations)!;
  assert.deepEqual(
    [series.length - ofProcess.length, ofProcess.length],
    [own, process].map(Number),
    series.join('\n'),
  );
});

test('links between the pages of operating lead somewhere', () => {
  for (const page of ['docs/operations.md', 'docs/runbook.md', 'docs/reference.md']) {
    const links = [...text(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    for (const link of links.filter((one) => !one.includes('://'))) {
      const target = link.startsWith('#')
        ? page + link
        : new URL(link, `file:///docs/`).href.slice('file:///'.length);
      assert.equal(deadLink(target), undefined, `${link} in ${page}`);
    }
  }
});
