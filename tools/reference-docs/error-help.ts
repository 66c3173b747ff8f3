import { type ErrorCode, errorCodes } from '../../src/shared/error-codes.ts'
import type { Remedy } from '../../src/shared/remedies.ts'

/** What the page on troubleshooting says about an error code, in Markdown. */
export interface ErrorHelp {
  readonly meaning: string
  readonly advice: string
  /** The remedies that errors with this code name; the page lists the command line's words for them. */
  readonly remedies?: readonly Remedy[]
}

const files = {
  'file-missing': {
    meaning: 'The file or folder does not exist, or an address of the web has no file.',
    advice: 'Check the path. If the file was moved, **Find the file** in the app opens it at its new place, with its conversations.',
  },
  'file-unreadable': {
    meaning:
      'The file exists and cannot be read: its rights, its drive or a redirection prevent it, it is a folder, or it changed while it was read.',
    advice: 'Check that you may read the file and that its drive is connected. Wait until a copy or recording is finished, then try again.',
  },
  'file-empty': {
    meaning: 'The file has 0 bytes.',
    advice: 'Copy or download it again: it may not have been completed.',
  },
  'not-media': {
    meaning: 'The file is not a video, an image or a GIF, or it is a list that refers to other files.',
    advice: 'Give a video or a picture, or a folder of them.',
  },
  'no-video': {
    meaning: 'The file is a media file without a video stream, such as a recording of sound.',
    advice: 'Give a file with a video or an image.',
  },
  'no-frames': {
    meaning:
      'There is a video or picture, and no frame of it can be decoded: it is damaged, incomplete, too large, or its codec is not supported.',
    advice: 'Play it in another program. If it plays there, convert it to H.264 (a picture to JPEG or PNG) and open the new file.',
  },
  'nothing-found': {
    meaning:
      'What was asked for is not there: a folder has no videos or pictures, or the library no longer has a clip, conversation or batch.',
    advice: 'Give another folder or the files themselves. In the app, reload the page, or open the file again.',
  },
  'write-failed': {
    meaning: 'A result cannot be written: the file exists already, the folder may not be written to, or another program uses the file.',
    advice: 'Choose another folder, close the other program, or say what to do with existing files.',
    remedies: ['existing-texts'],
  },
  'disk-full': {
    meaning: 'There is not enough space on the disk. Nothing that existed before is lost.',
    advice:
      'Free disk space and repeat the command, or use a folder on another disk. `tarsier doctor` shows the folders and their free space.',
    remedies: ['other-home', 'missing-texts', 'choose-language-precision', 'choose-vision-precision'],
  },
  'format-unsuitable': {
    meaning: 'The events of this clip cannot be written in the chosen format, such as a picture in a format of editing programs.',
    advice: 'Choose another format: [JSON, CSV and Markdown](events.md) take every clip.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

const requests = {
  usage: {
    meaning: 'The command line or the request to the server is wrong. Nothing was started.',
    advice:
      'Read the sentence of the error, and `tarsier COMMAND --help`, [the command line](reference/cli.md) or [the API](openai-api.md).',
    remedies: ['name-vision-tower'],
  },
  'invalid-range': {
    meaning: 'The range of times or frames is outside the clip or contains no frame, or a picture was to be cut.',
    advice: 'Give a start within the clip and an end after the start.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

const models = {
  'model-missing': {
    meaning: 'There is no model with this name or in this folder.',
    advice: '`tarsier models list` lists the imported models. Give one of their names, or import the model.',
    remedies: ['import-model'],
  },
  'model-damaged': {
    meaning: 'A file of the model or checkpoint is incomplete, was changed, or contains impossible values.',
    advice: '`tarsier models verify NAME` checks an imported model. Download the named file again, and import the model again.',
    remedies: ['give-template'],
  },
  'model-unsupported': {
    meaning: 'The files are sound, but their architecture, precision, tokenizer or chat template is not supported.',
    advice:
      '`tarsier models catalogue` lists the checkpoints that are known to work; [models.md](models.md) says which forms can be imported.',
    remedies: ['merge-adapter', 'give-template', 'choose-language-precision', 'choose-vision-precision'],
  },
  'model-mismatch': {
    meaning:
      'The language model, the vision tower or the adapter belong to different models. In a job: the text model on this machine is another file than the one that the job was submitted with.',
    advice: 'Give files that were made from one checkpoint, and import the model again.',
  },
  'model-exists': {
    meaning: 'A model with this name is imported already.',
    advice: 'Choose another name with `--name NAME`, or remove the other model with `tarsier models remove NAME`.',
  },
  'rewriter-missing': {
    meaning:
      'A shape of captions has `rewrite`, and there is no model for that: its text model does not exist, or the model only describes clips.',
    advice:
      'Put a text model (a GGUF file) into the folder `text-models` of the data folder and name it in the shape, or give its path with `--text-model FILE`. [Captions](captions.md#rewritten-captions) explains it.',
  },
  'rewrite-unfinished': {
    meaning:
      'The text model wrote nothing, or was not finished within the tokens that the shape allows. Small models may repeat themselves.',
    advice: 'Set `maxTokens` in `rewrite` of the shape to a higher number, or use another text model.',
  },
  'schema-unsupported': {
    meaning: 'The JSON schema of the fields cannot be enforced by a grammar: it is wrong, or has a keyword that a grammar cannot express.',
    advice:
      'The error names the place in the schema. Use types, properties, `enum`, lists and their limits. `describe --shape fields` shows a schema that works.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

const downloads = {
  'hub-gated': {
    meaning: 'The repository is open only to accounts that accepted its terms, or the hub refuses your token.',
    advice: 'Accept the terms on the page of the repository, set `HF_TOKEN` to a token with read access, and import again.',
  },
  'hub-missing': {
    meaning: 'The hub has no such repository, revision or file, or hides it from your account.',
    advice: 'Check the spelling of `OWNER/NAME` and the revision. For a private repository set `HF_TOKEN`.',
  },
  'hub-rate-limited': {
    meaning: 'The hub refuses for now, because this machine or account has sent too many requests.',
    advice: 'Repeat the command after the time that the error names. Downloaded files are kept. A token in `HF_TOKEN` raises the limit.',
  },
  'hub-offline': {
    meaning: '`HF_HUB_OFFLINE` forbids downloads, and the files are not all on this machine.',
    advice: 'Unset `HF_HUB_OFFLINE`, or copy the folder of the repository into the Hugging Face cache.',
  },
  'hub-unreachable': {
    meaning: 'The hub does not answer: there is no connection, a proxy is missing or wrong, or a firewall replaces certificates.',
    advice:
      'Check the connection. Behind a proxy set `HTTPS_PROXY`; where certificates are replaced set `NODE_EXTRA_CA_CERTS`; check `HF_ENDPOINT` if it is set. Downloaded files are kept.',
  },
  'hub-failed': {
    meaning: 'The hub answered with an error, or something else answered in its place, such as the sign-in page of a network.',
    advice: 'Try again later. Check `HF_ENDPOINT`, and whether the network wants a sign-in first. Downloaded files are kept.',
  },
  'download-damaged': {
    meaning: 'A downloaded file does not have the announced size or hash.',
    advice:
      'Repeat the command. If it fails again, unset `HF_ENDPOINT`, and delete the file that the error names from the Hugging Face cache.',
  },
  'gpu-pack-failed': {
    meaning: 'The registry or mirror of the GPU pack does not answer, or answered with an error.',
    advice:
      'Check the connection, and `HTTPS_PROXY` behind a proxy. `TARSIER_GPU_PACK_URL` can name a mirror. Downloaded files are kept; the same command resumes.',
  },
  'download-busy': {
    meaning: 'The GPU pack cannot be removed while it is being installed.',
    advice: 'Wait until it is installed, or stop the installation. Downloads themselves wait for each other.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

const connections = {
  'connections-off': {
    meaning: 'What was asked for needs a connection to another machine, and “Never connect” is on.',
    advice:
      'Switch it off where it was switched on: in the settings of the app, in `TARSIER_NEVER_CONNECT`, or with `--never-connect` of the command. [security.md](security.md#never-connect) explains what it covers.',
  },
  'update-failed': {
    meaning:
      'The app looked for a newer version of itself, or downloaded it, and the place it was published at did not answer as expected.',
    advice: 'Check the connection and try again later in Help. The installed version goes on working, and nothing of it has been changed.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

const benchmarks = {
  'bench-mismatch': {
    meaning: 'The folder holds a run with other settings, so its answers would be mixed with different ones.',
    advice: 'Use the settings of the first run, or another folder with `--out`. `--new` moves the existing run to a backup folder.',
  },
  'bench-damaged': {
    meaning: 'A line of a benchmark’s file cannot be read, or the file changed since the run was opened.',
    advice: 'The error names file and line. Repair that line, or download the annotations again. In the app, open the run again.',
  },
  'bench-busy': {
    meaning: 'Another process writes to this folder, or a benchmark already runs in the app.',
    advice:
      'Wait until it is finished, or give each process its own folder and use [`tarsier bench merge`](reference/cli.md#tarsier-bench-merge).',
  },
  'model-unavailable': {
    meaning: 'No model server answers at the address, or it is overloaded.',
    advice: 'Start the server and check `--base-url` and its key. The same command continues where it stopped.',
  },
  'model-failed': {
    meaning: 'The model server answered one sample with an error, or with something that is not an answer.',
    advice: 'Read the server’s own words in the error, and its log. The sample counts as failed, and `--retry-failed` asks again.',
  },
  'judge-failed': {
    meaning: 'The judge rejected a question, or gave no valid verdict in several attempts.',
    advice: 'Run the evaluation again, or use a stronger judge or one with a larger context. Existing verdicts are kept.',
  },
  'judge-unavailable': {
    meaning: 'The judge’s server cannot be reached or refuses the key.',
    advice: 'Check the address and the key of the judge, and run the evaluation again. Existing verdicts are kept.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

const machines = {
  'queue-unreachable': {
    meaning: 'The PostgreSQL database of the queue does not answer.',
    advice: 'Check the address in `TARSIER_QUEUE`, that PostgreSQL runs, and that it accepts connections from this machine.',
  },
  'queue-denied': {
    meaning: 'The database refuses the user, the password or a right.',
    advice: 'Check the password (`PGPASSWORD` or `PGPASSFILE`) and the rights that [jobs.md](jobs.md) lists.',
  },
  'queue-newer': {
    meaning: 'The queue’s tables or a job belong to another version of Tarsier Desktop.',
    advice: 'Install the same version on all machines.',
  },
  'queue-mismatch': {
    meaning: 'A job with this name has other settings, or was cancelled.',
    advice: 'Use the same list and settings, or submit under another name.',
  },
  'queue-failed': {
    meaning: 'The database reports an error of its own.',
    advice: 'Read the database’s words in the error, and its log. What was stored before is kept; the same command continues.',
  },
  'worker-lost': {
    meaning: 'Workers ended while they worked on this clip, so it was given up: the clip may use more memory than the machine has.',
    advice: 'Look at the clip and at the system’s log, then repeat it with `tarsier jobs retry-failed NAME`.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

const program = {
  'library-busy': {
    meaning: 'Another Tarsier process uses the library.',
    advice: 'Close the other window or server, or use another data folder.',
    remedies: ['other-home'],
  },
  'conversation-changed': {
    meaning:
      'Another page or program has asked, edited or cleared in this conversation since it was read. Nothing was changed, so that no question or answer is deleted unseen.',
    advice: 'The page now shows the conversation as it is. Look at it, and repeat what you wanted to do.',
  },
  'library-damaged': {
    meaning: 'The file of the library cannot be read, or a newer version has written it.',
    advice:
      'Update Tarsier if the error says so. Otherwise move the file away; a new library is made, into which an exported one can be imported.',
    remedies: ['other-home'],
  },
  'not-allowed': {
    meaning:
      'The server refuses: the page’s token is out of date, a path or address is not released, or the port cannot be used. Or an agent asked for a file outside the allowed folders.',
    advice:
      'Open the address that `tarsier serve` printed again. `--media-root`, `--allow-remote` and `--port` release files, hosts and another port; for agents, `tarsier mcp --allow` releases folders.',
  },
  'upload-too-large': {
    meaning: 'The file is larger than the server accepts.',
    advice: 'Start the server with a larger `--max-upload`, or let it open files itself with `--media-root DIR`.',
  },
  'service-lost': {
    meaning: 'The page has lost its connection to the program.',
    advice: 'Check that the app or `tarsier serve` still runs, then reload the page. Answers that were finished are in the library.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

const atWork = {
  'too-many-frames': {
    meaning: 'The frames of the clip do not fit into the model.',
    advice: 'Use fewer frames with `--frames`, or smaller ones with `--max-pixels`. `tarsier describe --fit` does so by itself.',
  },
  'context-full': {
    meaning: 'Clip, conversation and question together are longer than the model supports.',
    advice: 'Start a new conversation, ask a shorter question, or use fewer frames or pixels. `tarsier describe --fit` does so by itself.',
  },
  'out-of-memory': {
    meaning: 'The memory of the machine or of the GPU is not enough.',
    advice:
      'Close other programs, use fewer frames or pixels, choose the CPU with `--device cpu`, or import the model in a smaller precision.',
    remedies: ['smaller-language-model'],
  },
  'device-unavailable': {
    meaning: 'The chosen device is missing, failed the comparison with the CPU, or crashed earlier.',
    advice: 'Choose `--device auto` or `--device cpu`, or update the graphics driver. [devices.md](devices.md) explains the tests.',
    remedies: ['retry-devices'],
  },
  'native-library': {
    meaning:
      'FFmpeg, ONNX Runtime or llama.cpp cannot be loaded, or lacks a part: the installation is incomplete or the system is not supported.',
    advice: '`tarsier doctor` says which library fails and why. Install again on a system that the README lists, or try `--device cpu`.',
    remedies: ['install-again', 'install-gpu-pack'],
  },
  'engine-crashed': {
    meaning:
      'The process of the engine ended unexpectedly and was started again: a driver failed, or the system stopped it for lack of memory.',
    advice: 'Try again. If it happens again with the same file or model, use `--device cpu` or fewer frames, and report it.',
  },
  'engine-hung': {
    meaning: 'The process of the engine did not respond for 30 seconds and was stopped.',
    advice: 'Try again, or use `--device cpu`. For slow disks or network drives set `TARSIER_WATCHDOG_SECONDS` to a higher value.',
  },
  internal: {
    meaning: 'An error that the program did not expect.',
    advice: 'Please report it with the text of the error, the output of `tarsier doctor`, and what `TARSIER_DEBUG=1` adds to the error.',
  },
} satisfies Partial<Record<ErrorCode, ErrorHelp>>

/** Compiles only if every code is explained. */
export const errorHelp: Readonly<Record<ErrorCode, ErrorHelp>> = {
  ...files,
  ...requests,
  ...models,
  ...downloads,
  ...connections,
  ...benchmarks,
  ...machines,
  ...program,
  ...atWork,
}

/** The sections of the page with the codes that they explain, in its order. */
export const sections = [
  { title: 'Files and media', codes: codesOf(files) },
  { title: 'Requests', codes: codesOf(requests) },
  { title: 'Models', codes: codesOf(models) },
  { title: 'The Hugging Face hub and downloads', codes: codesOf(downloads) },
  { title: 'Connections and updates', codes: codesOf(connections) },
  { title: 'Benchmarks and model servers', codes: codesOf(benchmarks) },
  { title: 'Many machines', codes: codesOf(machines) },
  { title: 'The library, the server and the page', codes: codesOf(program) },
  { title: 'Models at work', codes: codesOf(atWork) },
]

function codesOf(help: Partial<Record<ErrorCode, ErrorHelp>>): readonly ErrorCode[] {
  return errorCodes.filter((code) => code in help)
}
