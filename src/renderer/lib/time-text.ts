import { currentLanguage, t } from '../../shared/text.ts'

/** Formats seconds as players do: `0:07.25`. Hours appear only if there are any, hundredths only on request. */
export function clockText(seconds: number, decimals: 0 | 2 = 2): string {
  const units = Math.max(0, Math.round(seconds * 10 ** decimals))
  const perSecond = 10 ** decimals
  const rounded = Math.floor(units / perSecond)
  const hours = Math.floor(rounded / 3600)
  const minutes = Math.floor((rounded % 3600) / 60)
  const head = hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}` : String(minutes)
  const tail = decimals === 0 ? '' : `.${String(units % perSecond).padStart(decimals, '0')}`
  return `${head}:${String(rounded % 60).padStart(2, '0')}${tail}`
}

/** Parses a time: `7.25`, `0:07.25`, `1:02:03`. Returns null for anything else. */
export function parseClock(text: string): number | null {
  const parts = text.trim().replace(',', '.').split(':')
  if (parts.length > 3 || parts.some((part, i) => !(i === parts.length - 1 ? /^\d+(\.\d*)?$|^\.\d+$/ : /^\d+$/).test(part))) return null
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0)
}

/** Formats a duration: `3 s`, `2 min 5 s`, `1 h 4 min`. */
export function durationText(seconds: number): string {
  if (seconds < 1) return t('under 1 s')
  const rounded = Math.round(seconds)
  if (rounded < 60) return t('{seconds} s', { seconds: rounded })
  if (rounded < 3600) {
    const [minutes, rest] = [Math.floor(rounded / 60), rounded % 60]
    return rest === 0 ? t('{minutes} min', { minutes }) : t('{minutes} min {seconds} s', { minutes, seconds: rest })
  }
  const all = Math.round(rounded / 60)
  const [hours, minutes] = [Math.floor(all / 60), all % 60]
  return minutes === 0 ? t('{hours} h', { hours }) : t('{hours} h {minutes} min', { hours, minutes })
}

const days = new Intl.DateTimeFormat(currentLanguage(), { dateStyle: 'medium' })
const moments = new Intl.DateTimeFormat(currentLanguage(), { dateStyle: 'medium', timeStyle: 'short' })

export const dayText = (time: number): string => days.format(time)
export const momentText = (time: number): string => moments.format(time)
