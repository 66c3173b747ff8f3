import { runCommand } from '../../lib/bench-labels.ts'
import { CopyButton } from '../chat/copy-button.tsx'

/** Explains how to create a first run. */
export function NoRuns({ folder }: { readonly folder: string }) {
  const command = runCommand(folder)
  return (
    <div className="mx-auto max-w-2xl space-y-3 py-8">
      <h2 className="text-lg font-semibold">No runs yet</h2>
      <p className="text-quiet">
        Benchmarks are run in the terminal. This one generates its own clips, needs no download and takes a few minutes with the demo model.
        You can view the answers here while it runs:
      </p>
      <div className="flex items-start gap-2 rounded-xl border border-line bg-raised px-4 py-3">
        <code className="min-w-0 flex-1 font-mono text-[0.8125rem] wrap-anywhere">{command}</code>
        <CopyButton text={command} label="Copy the command" />
      </div>
      <p className="text-quiet">
        Runs in <span className="wrap-anywhere text-text">{folder}</span> appear here automatically. Predictions of the Python program are
        supported too: move their folder there, or open it. To have a judge score descriptions and open answers, run{' '}
        <code className="font-mono text-[0.8125rem]">tarsier bench eval</code> afterwards.
      </p>
    </div>
  )
}
