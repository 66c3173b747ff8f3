const DATE = '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])'
const TIME =
  '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,9})? ("Z" | [-+] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])'
const OCTET = '("25" [0-5] | "2" [0-4] [0-9] | "1" [0-9]{2} | [1-9] [0-9] | [0-9])'
const LABEL = '[a-z0-9] ([-a-z0-9]{0,61} [a-z0-9])?'
const HOST = `${LABEL} ("." ${LABEL}){0,8}`
const GROUP = '[0-9a-fA-F]{1,4}'

/** String formats that are enforced. A grammar accepts the common forms of each; the length of months is not checked. */
export const STRING_FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE} "T" ${TIME}`,
  duration: '"P" ([0-9]{1,4} "D" ("T" [0-9]{1,4} [HMS])? | "T" [0-9]{1,4} [HMS] | [0-9]{1,4} [YMW])',
  uuid: '[0-9a-fA-F]{8} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{12}',
  ipv4: `${OCTET} "." ${OCTET} "." ${OCTET} "." ${OCTET}`,
  ipv6: `${GROUP} (":" ${GROUP}){7}`,
  hostname: HOST,
  email: `[A-Za-z0-9] ([-._+A-Za-z0-9]{0,60} [A-Za-z0-9])? "@" ${LABEL} ("." ${LABEL}){1,8}`,
  uri: `[a-z]{2,10} "://" ${HOST} (":" [1-9] [0-9]{0,4})? ("/" [-._~%A-Za-z0-9]{0,200}){0,50} ("?" [-._~%=&A-Za-z0-9]{0,500})?`,
}
