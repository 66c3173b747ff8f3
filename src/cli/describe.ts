import type { Command } from 'commander'
import type { DescribeOptions } from './describe-clips.ts'
import type { RunCommand } from './interrupt.ts'
import { checkListOptions, type ListOptions, listOptions } from './list-options.ts'
import { answerOptions, frameOptions, modelOptions, promptOption, systemOption } from './options.ts'
import { checkServerOptions, type ServerOptions, serverOptions } from './server-options.ts'
import { shapeOptions, textModelOption } from './shape-option.ts'
import { sidecarExtensions } from './sidecar-extensions.ts'

export function addDescribe(program: Command, run: RunCommand): void {
  const command = program
    .command('describe')
    .summary('describe videos and pictures')
    .description(
      'Describes each video or picture. Folders are searched recursively.\n' +
        'Descriptions are written to stdout, progress and errors to stderr. If a file fails, the others are still described.',
    )
    .argument('[path...]', 'files or folders')
  for (const option of [...modelOptions(), ...frameOptions(), promptOption(), systemOption(), ...answerOptions()]) command.addOption(option)
  command.addOption(
    command
      .createOption('--fit', 'if a clip does not fit, use fewer pixels, then fewer frames, and print a notice (default: report an error)')
      .helpGroup('Frames:'),
  )
  for (const option of [...shapeOptions(), textModelOption(), ...serverOptions(), ...listOptions()]) command.addOption(option)
  command
    .optionsGroup('Output:')
    .addOption(
      command
        .createOption('--dry-run', 'only print the estimated cost of each clip: tokens, memory, seconds; nothing is decoded')
        .conflicts(['sidecar', 'skipExisting', 'overwrite', 'shape', 'prefix', 'textModel']),
    )
    .option('--json', 'print one line of JSON per clip instead of plain text; for a failed clip {"file","error":{"code","message"}}')
    .addOption(
      command
        .createOption(
          '--sidecar <extension>',
          'also write a file next to each clip: "txt" with its description or caption (clip.mp4 gives clip.txt), "json" with the line of --json',
        )
        .choices(sidecarExtensions),
    )
    .option('--skip-existing', 'with --sidecar: skip clips whose file exists')
    .addOption(
      command.createOption('--overwrite', 'with --sidecar: overwrite existing files (default: report an error)').conflicts('skipExisting'),
    )
    .addHelpText(
      'after',
      `
Exit status: 0 all done; 1 a file failed; 2 invalid usage; 130 stopped by Ctrl-C.

Examples:
  tarsier describe clip.mp4
  tarsier describe holiday/ --sidecar txt --skip-existing
  tarsier describe clip.mp4 --start 60 --end 90 --frames 8 --json
  tarsier describe clip.mp4 --frames 64 --dry-run
  tarsier describe clip.mp4 -p "What happens first?"
  tarsier describe clips/ --shape short-caption --prefix "sks style," --sidecar txt
  tarsier describe clips/ --shape fields --text-model qwen2.5-7b-instruct.gguf --json
  tarsier describe --from clips.jsonl --out captions.jsonl --shard 1/4
  tarsier describe --from clips.jsonl --out captions.jsonl -m tarsier2-recap-7b --engine openai --base-url http://gpu1:8000/v1 --base-url http://gpu2:8000/v1`,
    )
    .action((paths: string[], options: DescribeOptions & ListOptions & ServerOptions) => {
      checkServerOptions(command, options)
      if (options.engine === 'openai' && (options.dryRun || options.fit))
        command.error("error: with '--engine openai' there is no '--dry-run' and no '--fit'")
      if (options.sidecar === undefined && (options.skipExisting || options.overwrite)) {
        command.error("error: options '--skip-existing' and '--overwrite' require '--sidecar'")
      }
      checkListOptions(command, paths, options)
      const { from, out } = options
      return run(async (signal) => {
        // Loaded when needed: most of a short run would be the loading of code that it does not use.
        if (from === undefined || out === undefined)
          return await (await import('./describe-clips.ts')).describeClips(paths, options, signal)
        return await (await import('./describe-from.ts')).describeList(from, out, options, signal)
      })
    })
}
