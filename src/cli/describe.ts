import type { Command } from 'commander'
import { type DescribeOptions, describeClips } from './describe-clips.ts'
import { checkListOptions, describeList, type ListOptions, listOptions } from './describe-from.ts'
import type { RunCommand } from './interrupt.ts'
import { answerOptions, frameOptions, modelOptions, promptOption } from './options.ts'

export function addDescribe(program: Command, run: RunCommand): void {
  const command = program
    .command('describe')
    .summary('describe videos and pictures')
    .description(
      'Describes each video or picture in words. Folders are walked to the bottom.\n' +
        'Descriptions go to stdout, progress and errors to stderr. A file that fails does not stop the others.',
    )
    .argument('[path...]', 'files or folders')
  for (const option of [...modelOptions(), ...frameOptions(), promptOption(), ...answerOptions()]) command.addOption(option)
  command.addOption(
    command
      .createOption('--fit', 'where a clip does not fit: look at fewer pixels, then at fewer frames, and say so (default: it is refused)')
      .helpGroup('Frames:'),
  )
  for (const option of listOptions()) command.addOption(option)
  command
    .optionsGroup('Output:')
    .addOption(
      command
        .createOption('--dry-run', 'only say what each clip would cost: tokens, memory, seconds; nothing is decoded')
        .conflicts(['sidecar', 'skipExisting', 'overwrite']),
    )
    .option('--json', 'one line of JSON a clip instead of plain text; a failed clip gives {"file","error":{"code","message"}}')
    .addOption(
      command
        .createOption('--sidecar <extension>', 'also write each description beside its clip: clip.mp4 gives clip.txt')
        .choices(['txt']),
    )
    .option('--skip-existing', 'with --sidecar: leave out clips whose text is there already')
    .addOption(
      command
        .createOption('--overwrite', 'with --sidecar: write texts anew that are there already (default: such a clip fails)')
        .conflicts('skipExisting'),
    )
    .addHelpText(
      'after',
      `
Exit status: 0 all done, 1 a file failed, 2 wrong usage, 130 stopped by Ctrl-C.

Examples:
  tarsier describe clip.mp4
  tarsier describe holiday/ --sidecar txt --skip-existing
  tarsier describe clip.mp4 --start 60 --end 90 --frames 8 --json
  tarsier describe clip.mp4 --frames 64 --dry-run
  tarsier describe clip.mp4 -p "What happens first?"
  tarsier describe --from clips.jsonl --out captions.jsonl --shard 1/4`,
    )
    .action((paths: string[], options: DescribeOptions & ListOptions) => {
      if (options.sidecar === undefined && (options.skipExisting || options.overwrite)) {
        command.error("error: options '--skip-existing' and '--overwrite' need '--sidecar txt'")
      }
      checkListOptions(command, paths, options)
      const { from, out } = options
      if (from !== undefined && out !== undefined) return run((signal) => describeList(from, out, options, signal))
      return run((signal) => describeClips(paths, options, signal))
    })
}
