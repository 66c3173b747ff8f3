import { barChart } from './bar-chart.ts'
import { escapeHtml } from './escape-html.ts'
import type { EvalReport, ReportTable } from './eval-report.ts'
import { infoLines, sampleLines } from './run-info.ts'

/** Style sheet of the report: system fonts, light or dark by the reader's setting, no external resources. */
const STYLE = `
:root { color-scheme: light dark; --page: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #d0d7de; --c0: #2f6fd0; --c1: #1a8a72; --c2: #b35c00; --c3: #8250c4; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --text: #e6e9ec; --muted: #9aa4ae; --line: #363d45; --c0: #6ea8ff; --c1: #4cc2a5; --c2: #f0a04b; --c3: #b794f6; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
p, dt { color: var(--muted); }
.headline { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1.5rem 0; padding: 0; list-style: none; }
.headline b { display: block; font-size: 2rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 1rem 0; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
tr.overall td { font-weight: 600; border-top: 2px solid var(--line); }
svg { width: 100%; height: auto; margin: .5rem 0 1rem; }
svg text { font: 12px system-ui, sans-serif; fill: var(--text); dominant-baseline: middle; }
svg .label { text-anchor: end; }
svg .tick { text-anchor: middle; fill: var(--muted); dominant-baseline: auto; }
svg .grid { stroke: var(--line); stroke-width: 1; }
.s0 { fill: var(--c0); } .s1 { fill: var(--c1); } .s2 { fill: var(--c2); } .s3 { fill: var(--c3); }
.b0 { background: var(--c0); } .b1 { background: var(--c1); } .b2 { background: var(--c2); } .b3 { background: var(--c3); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
.key { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; }
@media print { svg, tr { break-inside: avoid; } }
`.trim()

/** Element by which pages of this program are recognized. */
export const GENERATOR = '<meta name="generator" content="Tarsier Desktop">'

/** Formats a report as a self-contained HTML page without scripts: scores, settings, charts, tables. */
export function htmlReport(report: EvalReport): string {
  const title = `${report.dataset}: ${report.headline.map(({ name, text }) => `${name} ${text}`).join(', ')}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${GENERATOR}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<main>
<h1>${escapeHtml(report.dataset)}</h1>
<p>${escapeHtml(`${metricNames[report.metric]}, evaluated ${report.evaluated}`)}</p>
<ul class="headline">
${report.headline.map(({ name, text }) => `<li>${escapeHtml(name)}<b>${escapeHtml(text)}</b></li>`).join('\n')}
</ul>
<dl>
${[...infoLines(report.run, report.judge), ...sampleLines(report), ...countLines(report)].map(([name, text]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`).join('\n')}
</dl>
${report.tables.map(section).join('\n')}
</main>
</body>
</html>
`
}

const metricNames: Readonly<Record<EvalReport['metric'], string>> = {
  autodq: 'AutoDQ',
  cider: 'CIDEr',
  'multi-choice': 'Multi-choice accuracy',
  'open-ended': 'Judged answers',
  check: 'False statements found',
}

function countLines({ success, failed, failures }: EvalReport): [string, string][] {
  const codes = Object.entries(failures).map(([code, number]) => `${code} ${number}`)
  return [
    ['Scored', String(success)],
    ['Failed', codes.length > 0 ? `${failed} (${codes.join(', ')})` : String(failed)],
  ]
}

function section(table: ReportTable): string {
  const head = table.columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('')
  const rows = table.rows.map((row) => {
    const overall = row[0]?.text === 'OVERALL' ? ' class="overall"' : ''
    return `<tr${overall}>${row.map((cell) => `<td>${escapeHtml(cell.text)}</td>`).join('')}</tr>`
  })
  return `<section>
<h2>${escapeHtml(table.title)}</h2>
${barChart(table)}
<div class="wide"><table>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
</section>`
}
