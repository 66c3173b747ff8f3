/** A line to type in a terminal, and what it does. */
export function Command({ line, says }: { readonly line: string; readonly says: string }) {
  return (
    <div className="command">
      <code>{line}</code>
      <span>{says}</span>
    </div>
  )
}
