import { oneLine } from './plain-text.ts'

/** An XML element. Attributes that are undefined are left out. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | undefined>>
  /** Its text, or its elements in order. */
  readonly content: string | readonly XmlElement[]
}

/** Creates an element with elements or text in it. */
export function element(name: string, attributes: XmlElement['attributes'], content: XmlElement['content'] = []): XmlElement {
  return { name, attributes, content }
}

/** Creates an element that contains only text. */
export function textElement(name: string, text: string | number): XmlElement {
  return { name, attributes: {}, content: String(text) }
}

/** Formats a document in UTF-8 with a comment per note before its root element. */
export function xmlDocument(root: XmlElement, notes: readonly string[]): string {
  const comments = notes.map((note) => `<!-- ${commentText(note)} -->`)
  return `${['<?xml version="1.0" encoding="UTF-8"?>', `<!DOCTYPE ${root.name}>`, ...comments, ...lines(root, '')].join('\n')}\n`
}

function lines({ name, attributes, content }: XmlElement, indent: string): string[] {
  const given = Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const start = `${indent}<${[name, ...given.map(([key, value]) => `${key}="${escaped(value)}"`)].join(' ')}`
  if (content.length === 0) return [`${start}/>`]
  if (typeof content === 'string') return [`${start}>${escaped(content)}</${name}>`]
  return [`${start}>`, ...content.flatMap((child) => lines(child, `${indent}  `)), `${indent}</${name}>`]
}

/** Texts are shown on one line wherever they are used, so line breaks need no escape. */
function escaped(text: string): string {
  return oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** Comments may contain no two hyphens in a row. */
function commentText(text: string): string {
  return oneLine(text).replace(/-(?=-)/g, '- ')
}
