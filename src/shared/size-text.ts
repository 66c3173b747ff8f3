const units = ['B', 'KB', 'MB', 'GB', 'TB']

/** Formats bytes in powers of 1000, as model hubs and disk vendors do: `3.4 MB`. */
export function sizeText(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** Formats bytes in whole megabytes, rounded up, for comparisons: `12,345 MB`. */
export function megabytesText(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`
}

/** `36,022`. */
export function grouped(count: number): string {
  return count.toLocaleString('en')
}

/** `1 frame`, `16 frames`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : plural}`
}
