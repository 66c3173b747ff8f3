import { escapeHtml } from './escape-html.ts'
import type { ReportTable } from './eval-report.ts'

const rowGap = 12
const barHeight = 18
const barGap = 2
const labelWidth = 210
const plotWidth = 420
const valueWidth = 70
const axisHeight = 22

/**
 * Draws a table's scores as horizontal bars in an inline SVG: one group per row, one bar per score, labelled with its value. Empty for a table
 * without a maximum or without scores. At most four bars per group, each in a colour of the page's style (`s0` to `s3`).
 */
export function barChart({ title, columns, rows, best }: ReportTable): string {
  const series = columns.flatMap((name, i) => (rows.some((row) => row[i]?.kind === 'score') ? [{ name, i }] : [])).slice(0, 4)
  const groups = rows.filter((row) => series.some(({ i }) => row[i]?.kind === 'score'))
  if (best === null || series.length === 0 || groups.length === 0) return ''
  const groupHeight = series.length * (barHeight + barGap) - barGap
  const height = groups.length * (groupHeight + rowGap) + axisHeight
  const width = labelWidth + plotWidth + valueWidth
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = labelWidth + part * plotWidth
    return `<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height - axisHeight}"/><text class="tick" x="${x}" y="${height - 6}">${best * part}</text>`
  })
  const bars = groups.flatMap((row, g) => {
    const top = g * (groupHeight + rowGap) + rowGap / 2
    const label = row[0]?.text ?? ''
    return [
      `<text class="label" x="${labelWidth - 8}" y="${top + groupHeight / 2}">${escapeHtml(shortened(label))}</text>`,
      ...series.flatMap(({ name, i }, s) => {
        const cell = row[i]
        if (cell?.kind !== 'score') return []
        const length = Math.max(0, Math.min(1, (cell.value ?? 0) / best)) * plotWidth
        const y = top + s * (barHeight + barGap)
        return [
          `<rect class="s${s}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"><title>${escapeHtml(`${label}, ${name}: ${cell.text}`)}</title></rect>`,
          `<text class="value" x="${(labelWidth + length + 6).toFixed(1)}" y="${y + barHeight / 2}">${escapeHtml(cell.text)}</text>`,
        ]
      }),
    ]
  })
  const legend =
    series.length > 1 ? series.map(({ name }, s) => `<li><span class="key b${s}"></span>${escapeHtml(name)}</li>`).join('') : ''
  return [
    ...(legend === '' ? [] : [`<ul class="legend">${legend}</ul>`]),
    `<svg role="img" aria-label="${escapeHtml(`Bar chart of ${title}; the table below contains the same figures`)}" viewBox="0 0 ${width} ${height}">`,
    ...grid,
    ...bars,
    '</svg>',
  ].join('\n')
}

function shortened(label: string): string {
  const letters = [...label]
  return letters.length > 30 ? `${letters.slice(0, 29).join('')}…` : label
}
