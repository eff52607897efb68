/** The map of the pieces: each a cell of a canvas, by what it is; the arrow keys go from one to the next. */
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Subject } from './api.js'
import { showNumber } from './format.js'
import { colourOf } from './theme.js'

const HEIGHT_MAX = 220
const CELL_MAX = 18
/** Below this there is no room for a gap between cells. */
const GAP_FROM = 4

type Colour = readonly [red: number, green: number, blue: number]

const readColour = (name: string): Colour => {
  const [red = 0, green = 0, blue = 0] = (colourOf(name).match(/[\d.]+/g) ?? []).map(Number)
  return [red, green, blue]
}

/** Two pieces a byte, as the server packs them. */
export const unpack = (map: string, count: number): Uint8Array => {
  const packed = Uint8Array.from(atob(map), (character) => character.charCodeAt(0))
  return Uint8Array.from({ length: count }, (_, index) => ((packed[index >> 1] ?? 0) >> (index % 2 === 0 ? 4 : 0)) & 15)
}

interface Grid {
  /** In pixels of the screen. */
  readonly cell: number
  readonly columns: number
  readonly rows: number
  /** Pieces that share a cell, where there are more than pixels. */
  readonly perCell: number
}

const gridOf = (count: number, width: number): Grid => {
  const ratio = devicePixelRatio
  const [across, down] = [Math.floor(width * ratio), HEIGHT_MAX * ratio]
  for (let cell = Math.floor(CELL_MAX * ratio); cell >= 1; cell--) {
    const columns = Math.floor(across / cell)
    const rows = Math.ceil(count / Math.max(1, columns))
    if (rows * cell <= down) return { cell, columns, rows, perCell: 1 }
  }
  const perCell = Math.ceil(count / (across * down))
  const columns = Math.max(1, across)
  return { cell: 1, columns, rows: Math.ceil(count / perCell / columns), perCell }
}

const drawCells = (canvas: HTMLCanvasElement, kinds: Uint8Array, grid: Grid, names: readonly string[]): void => {
  const { cell, columns, rows, perCell } = grid
  canvas.width = columns * cell
  canvas.height = Math.max(1, rows * cell)
  const context = canvas.getContext('2d')
  if (context === null) return
  const colours = names.map((name) => readColour(`piece-${name}`))
  const image = context.createImageData(canvas.width, canvas.height)
  const pixels = new Uint32Array(image.data.buffer)
  const words = colours.map(([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red)
  const inner = cell >= GAP_FROM ? cell - 1 : cell
  const cells = Math.ceil(kinds.length / perCell)
  for (let at = 0; at < cells; at++) {
    // Of several, the one that is least done tells that there is something left.
    let kind = kinds[at * perCell] ?? 0
    for (let more = 1; more < perCell; more++) kind = Math.min(kind, kinds[at * perCell + more] ?? kind)
    const word = words[kind] ?? 0
    const start = Math.floor(at / columns) * cell * canvas.width + (at % columns) * cell
    for (let y = 0; y < inner; y++) pixels.fill(word, start + y * canvas.width, start + y * canvas.width + inner)
  }
  context.putImageData(image, 0, 0)
}

interface Props {
  readonly map: string
  readonly count: number
  readonly kinds: readonly string[]
  readonly subject: Subject
  /** That of the event. */
  readonly current: number | undefined
  readonly dark: boolean
  readonly select: (subject: Subject) => void
}

export const PieceMap = ({ map, count, kinds: names, subject, current, dark, select }: Props): JSX.Element => {
  const host = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const [hover, setHover] = useState<number>()
  const kinds = useMemo(() => unpack(map, count), [map, count])
  const grid = useMemo(() => gridOf(count, width), [count, width])
  const chosen = subject.type === 'piece' ? subject.piece : undefined

  useEffect(() => {
    const element = host.current
    if (element === null) return
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    setWidth(element.clientWidth)
    return () => observer.disconnect()
  }, [])

  // The colours are others where `dark` is another.
  useEffect(() => {
    if (canvas.current !== null && width > 0) drawCells(canvas.current, kinds, grid, names)
  }, [kinds, grid, names, width, dark])

  const scale = 1 / devicePixelRatio
  const side = grid.cell * scale
  const placeOf = (piece: number) => {
    const at = Math.floor(piece / grid.perCell)
    const size = Math.max(side, 5)
    const off = (size - side) / 2
    return {
      left: `${(at % grid.columns) * side - off}px`,
      top: `${Math.floor(at / grid.columns) * side - off}px`,
      width: `${size}px`,
      height: `${size}px`,
    }
  }
  const pieceAt = (event: MouseEvent): number | undefined => {
    const column = Math.floor(event.offsetX / side)
    const piece = (Math.floor(event.offsetY / side) * grid.columns + column) * grid.perCell
    return column >= 0 && column < grid.columns && piece >= 0 && piece < count ? piece : undefined
  }
  const nameOf = (piece: number): string => `piece ${showNumber(piece)}: ${names[kinds[piece] ?? 0] ?? ''}`
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -grid.columns * grid.perCell,
    ArrowDown: grid.columns * grid.perCell,
  }
  const sums = useMemo(
    () => names.map((_, kind) => kinds.reduce((sum, each) => sum + (each === kind ? 1 : 0), 0)),
    [names, kinds],
  )

  return (
    <section class="panel" aria-label="Pieces">
      <h2>
        Pieces <span class="quiet">{showNumber(count)}</span>
      </h2>
      <div class="map" ref={host}>
        <canvas
          ref={canvas}
          class="cells"
          tabIndex={0}
          aria-label={`Map of the pieces. ${chosen === undefined ? 'Arrow keys choose a piece.' : nameOf(chosen)}`}
          style={{ width: `${grid.columns * side}px`, height: `${grid.rows * side}px` }}
          onMouseMove={(event) => setHover(pieceAt(event))}
          onMouseLeave={() => setHover(undefined)}
          onClick={(event) => {
            const piece = pieceAt(event)
            if (piece !== undefined) select({ type: 'piece', piece })
          }}
          onKeyDown={(event) => {
            const step = steps[event.key]
            if (step === undefined || count === 0) return
            event.preventDefault()
            event.stopPropagation()
            select({ type: 'piece', piece: Math.max(0, Math.min(count - 1, chosen === undefined ? 0 : chosen + step)) })
          }}
        />
        {current !== undefined && current < count && <div class="ring now" style={placeOf(current)} />}
        {chosen !== undefined && chosen < count && <div class="ring" style={placeOf(chosen)} />}
      </div>
      <ul class="legend" aria-label="Kinds of pieces">
        {names.map(
          (name, kind) =>
            (sums[kind] ?? 0) > 0 && (
              <li key={name} class={`piece-${name}`}>{`${name} ${showNumber(sums[kind] ?? 0)}`}</li>
            ),
        )}
        <li class="quiet" aria-live="polite">
          {hover === undefined ? '' : nameOf(hover)}
        </li>
      </ul>
    </section>
  )
}
