import type { Growth } from './growth-cost.ts'

const WIDTH = 720
const HEIGHT = 440
/** Room for the axes' labels, and for the names of the lines on the right. */
const [LEFT, RIGHT, TOP, BOTTOM] = [56, 230, 16, 40]
const DECADES = 4
const COLORS = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf', '#8c564b', '#7f7f7f']

/**
 * Draws costs relative to those of the smallest size, both axes logarithmic over four decades, with a dashed line for linear growth: what is above
 * it grows faster. Returns an SVG.
 */
export function growthPlot(growths: readonly Growth[]): string {
  const x = (size: number) => LEFT + (Math.log10(size) / DECADES) * (WIDTH - LEFT - RIGHT)
  const y = (ratio: number) => HEIGHT - BOTTOM - (Math.max(0, Math.log10(ratio)) / DECADES) * (HEIGHT - TOP - BOTTOM)
  const text = (at: readonly [number, number], content: string, more = '') =>
    `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${more}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`
  const grid = Array.from({ length: DECADES + 1 }, (_, decade) => {
    const value = 10 ** decade
    return [
      `<path d="M${x(value)} ${TOP}V${HEIGHT - BOTTOM}M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      text([x(value), HEIGHT - BOTTOM + 18], String(value), 'text-anchor="middle"'),
      text([LEFT - 8, y(value) + 4], `${value}×`, 'text-anchor="end"'),
    ].join('')
  })
  const drawn = growths.map(({ what, points }, index) => {
    const color = COLORS[index % COLORS.length]
    const first = points[0]?.cost ?? 1
    const places = points.map(({ size, cost }) => [x(size), y(cost / first)] as const)
    const legend = TOP + 14 + index * 20
    return [
      `<polyline points="${places.map(([left, top]) => `${left.toFixed(1)},${top.toFixed(1)}`).join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...places.map(([left, top]) => `<circle cx="${left.toFixed(1)}" cy="${top.toFixed(1)}" r="3" fill="${color}"/>`),
      `<path d="M${WIDTH - RIGHT + 12} ${legend - 4}h16" stroke="${color}" stroke-width="2"/>`,
      text([WIDTH - RIGHT + 34, legend], what),
    ].join('')
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...grid,
    `<path d="M${x(1)} ${y(1)}L${x(10 ** DECADES)} ${y(10 ** DECADES)}" stroke="#999" stroke-dasharray="4 4"/>`,
    text([LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6], 'frames, turns, entries, workers', 'text-anchor="middle"'),
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}
