/** What no `package.json` says about licences, with the source of each fact. */

/** Licences of packages whose `package.json` names none. */
export const UNNAMED: Readonly<Record<string, { readonly licence: string; readonly source: string }>> = {
  '@shinyoshiaki/jspack': {
    licence: 'BSD-3-Clause',
    source: 'Its package.json names no licence; the file LICENSE in the package is the BSD licence with three clauses.',
  },
  'parse-cache-control': {
    licence: 'BSD-3-Clause',
    source:
      'Its package.json has "BSD" in the outdated field "licenses"; the file LICENSE in the package is the BSD licence with three clauses.',
  },
}

/**
 * Packages with binaries for one system, by the beginning of their names, and the package whose licence text is theirs too. Each machine installs
 * others of them, so their own files are not read.
 */
export const OF_ONE_SYSTEM: readonly { readonly prefix: string; readonly owner: string }[] = [
  { prefix: '@emnapi/', owner: '' },
  { prefix: '@img/sharp-libvips-', owner: '' },
  { prefix: '@img/sharp-', owner: 'sharp' },
  { prefix: '@koromix/koffi-', owner: 'koffi' },
  { prefix: '@node-llama-cpp/', owner: 'node-llama-cpp' },
  { prefix: '@reflink/reflink-', owner: '' },
  { prefix: '@seydx/node-av-', owner: 'node-av' },
]

/** Something shipped that is not a package: a native library inside one, or a program around ours. */
export interface Part {
  readonly name: string
  /** Package whose version it has, or the version itself; omitted for the many small parts of a larger one. */
  readonly versionOf?: string
  readonly version?: string
  readonly licence: string
  /** Package that contains it. */
  readonly within?: string
  readonly source?: string
  readonly note?: string
  /** Files in `tools/licences/texts` or below the repository. */
  readonly files?: readonly string[]
}

/** `configure` of FFmpeg in node-av's binaries, as `avcodec_configuration()` says; a test compares it. */
export const NODE_AV_CONFIGURE = ['--enable-gpl', '--enable-version3', '--enable-libfdk-aac', '--enable-libx264', '--enable-libx265']

const FFMPEG_SOURCE = 'https://github.com/jellyfin/jellyfin-ffmpeg'
const within = (name: string, parts: readonly (readonly [name: string, licence: string])[]): Part[] =>
  parts.map(([part, licence]) => ({ name: part, licence, within: name }))

/** All parts. Licences are SPDX expressions, or names that begin with `LicenseRef-`. */
export const PARTS: readonly Part[] = [
  {
    name: 'Demo model',
    version: '1',
    licence: 'Apache-2.0',
    note: 'Trained from scratch for this program on clips that it draws itself. Other models have licences of their own, which "Models" shows.',
    files: ['LICENSE'],
  },
  { name: 'Example clips', licence: 'Apache-2.0', note: 'Drawn by this program.', files: ['LICENSE'] },
  {
    name: 'Electron',
    versionOf: 'electron',
    licence: 'MIT',
    source: 'https://github.com/electron/electron',
    note: 'Only in the installers. The notices of Chromium and Node.js, which it contains, are in LICENSES.chromium.html beside the program.',
    files: ['node_modules/electron/LICENSE'],
  },
  {
    name: 'Microsoft Visual C++ runtime',
    licence: 'LicenseRef-Microsoft-Visual-Cpp-Redistributable',
    source: 'https://visualstudio.microsoft.com/license-terms/vs2022-cruntime/',
    note: 'Only in the installers for Windows. Microsoft allows its redistribution with a program.',
  },
  { name: 'NSIS', licence: 'Zlib', source: 'https://nsis.sourceforge.io/License', note: 'The installer for Windows itself.' },
  { name: 'AppImage runtime', licence: 'MIT', source: 'https://github.com/AppImage/type2-runtime', note: 'Only in AppImages.' },
  {
    name: 'ONNX Runtime',
    versionOf: 'onnxruntime-node',
    licence: 'MIT',
    within: 'onnxruntime-node',
    source: 'https://github.com/microsoft/onnxruntime',
    note: 'The second text has the notices of what it contains.',
    files: ['tools/licences/texts/onnxruntime.txt', 'tools/licences/texts/onnxruntime-third-party.txt'],
  },
  {
    name: 'DirectML',
    licence: 'LicenseRef-Microsoft-DirectML',
    within: 'onnxruntime-node',
    source: 'https://www.nuget.org/packages/Microsoft.AI.DirectML',
    note: 'Only on Windows. Microsoft allows its redistribution with a program.',
  },
  {
    name: 'DirectX Shader Compiler',
    licence: 'NCSA',
    within: 'onnxruntime-node',
    source: 'https://github.com/microsoft/DirectXShaderCompiler',
    note: 'Only on Windows.',
  },
  {
    name: 'llama.cpp',
    version: 'v0.4.0',
    licence: 'MIT',
    within: 'node-llama-cpp',
    source: 'https://github.com/ggml-org/llama.cpp',
    note: 'Copyright (c) 2023-2026 The ggml authors. CUDA is not included: NVIDIA’s driver and libraries are those of the machine.',
  },
  {
    name: 'SQLite',
    version: '3.53.0',
    licence: 'blessing',
    within: '@photostructure/sqlite',
    source: 'https://www.sqlite.org/copyright.html',
    note: 'In the public domain.',
  },
  {
    name: 'FFmpeg in node-av',
    version: '8.1-Jellyfin',
    licence: 'GPL-3.0-or-later',
    within: 'node-av',
    source: FFMPEG_SOURCE,
    note: 'Built with --enable-gpl, --enable-version3 and --enable-libfdk-aac. The licence of libfdk-aac is considered incompatible with the GPL: docs/licences.md says what that means for those who pass on this program.',
  },
  {
    name: 'libfdk-aac',
    licence: 'FDK-AAC',
    within: 'node-av',
    source: 'https://github.com/mstorsjo/fdk-aac',
    note: 'Part of FFmpeg in node-av. Tarsier reads no audio, so this code never runs, but it is shipped.',
  },
  ...within('node-av', [
    ['AMF headers', 'MIT'],
    ['Chromaprint', 'LGPL-2.1-or-later'],
    ['dav1d', 'BSD-2-Clause'],
    ['Fontconfig', 'MIT'],
    ['FreeType', 'FTL'],
    ['FriBidi', 'LGPL-2.1-or-later'],
    ['GMP', 'LGPL-3.0-or-later'],
    ['HarfBuzz', 'MIT'],
    ['LAME', 'LGPL-2.0-or-later'],
    ['libass', 'ISC'],
    ['libbluray', 'LGPL-2.1-or-later'],
    ['libdrm', 'MIT'],
    ['libiconv', 'LGPL-2.1-or-later'],
    ['libjxl', 'BSD-3-Clause'],
    ['libopenmpt', 'BSD-3-Clause'],
    ['libplacebo', 'LGPL-2.1-or-later'],
    ['libtheora', 'BSD-3-Clause'],
    ['libva', 'MIT'],
    ['libvorbis', 'BSD-3-Clause'],
    ['libvpl', 'MIT'],
    ['libvpx', 'BSD-3-Clause'],
    ['libwebp', 'BSD-3-Clause'],
    ['libxcb', 'MIT'],
    ['libxml2', 'MIT'],
    ['NVIDIA codec headers', 'MIT'],
    ['OpenCL loader', 'Apache-2.0'],
    ['OpenSSL', 'Apache-2.0'],
    ['Opus', 'BSD-3-Clause'],
    ['shaderc', 'Apache-2.0'],
    ['SRT', 'MPL-2.0'],
    ['SVT-AV1', 'BSD-3-Clause-Clear'],
    ['Vulkan loader', 'Apache-2.0'],
    ['whisper.cpp', 'MIT'],
    ['x264', 'GPL-2.0-or-later'],
    ['x265', 'GPL-2.0-or-later'],
    ['XZ Utils', '0BSD'],
    ['zimg', 'WTFPL'],
    ['zlib', 'Zlib'],
    ['ZVBI', 'LGPL-2.0-or-later'],
  ]),
  {
    name: 'FFmpeg in ffmpeg-static',
    licence: 'GPL-3.0-or-later',
    within: 'ffmpeg-static',
    source: 'https://github.com/eugeneware/ffmpeg-static',
    note: 'A program that its install script downloads; optional.',
  },
  { name: 'libvips', version: '8.18.7', licence: 'LGPL-3.0-or-later', within: 'sharp', source: 'https://github.com/lovell/sharp-libvips' },
  // From the README of @img/sharp-libvips-linux-x64.
  ...within('sharp', [
    ['aom', 'BSD-2-Clause'],
    ['cairo', 'MPL-1.1'],
    ['cgif', 'MIT'],
    ['expat', 'MIT'],
    ['fontconfig', 'MIT'],
    ['freetype', 'FTL'],
    ['fribidi', 'LGPL-3.0-or-later'],
    ['glib', 'LGPL-3.0-or-later'],
    ['harfbuzz', 'MIT'],
    ['highway', 'BSD-3-Clause'],
    ['lcms', 'MIT'],
    ['libarchive', 'BSD-2-Clause'],
    ['libexif', 'LGPL-3.0-or-later'],
    ['libffi', 'MIT'],
    ['libheif', 'LGPL-3.0-or-later'],
    ['libimagequant', 'BSD-2-Clause'],
    ['libnsgif', 'MIT'],
    ['libpng', 'libpng-2.0'],
    ['librsvg', 'LGPL-3.0-or-later'],
    ['libtiff', 'libtiff'],
    ['libultrahdr', 'MIT'],
    ['libwebp', 'BSD-3-Clause'],
    ['libxml2', 'MIT'],
    ['mozjpeg', 'Zlib AND IJG AND BSD-3-Clause'],
    ['pango', 'LGPL-3.0-or-later'],
    ['pixman', 'MIT'],
    ['proxy-libintl', 'LGPL-3.0-or-later'],
    ['zlib-ng', 'Zlib'],
  ]),
]
