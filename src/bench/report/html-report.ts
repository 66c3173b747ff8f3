import { barChart } from './bar-chart.ts'
import { escapeHtml } from './escape-html.ts'
import type { EvalReport, ReportTable } from './eval-report.ts'
import { htmlStyle } from './html-style.ts'
import { infoLines, sampleLines } from './run-info.ts'

/** Formats a report as a self-contained HTML page without scripts: scores, settings, charts, tables. */
export function htmlReport(report: EvalReport): string {
  const title = `${report.dataset}: ${report.headline.map(({ name, text }) => `${name} ${text}`).join(', ')}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>
${htmlStyle}
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
