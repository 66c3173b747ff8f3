import type { ModelManifest } from '../shared/model-manifest.ts'

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes for people: `3.2 GiB`. */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

/** What a model's files take on disk, and roughly in memory. */
export function modelBytes({ language, vision }: ModelManifest): number {
  return language.bytes + vision.bytes + (vision.data?.bytes ?? 0)
}
