/** The style sheet. Colours meet WCAG AA in both schemes; nothing is told by colour alone. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --bg: #f5f6f8; --card: #ffffff; --ink: #1a2027; --dim: #515c68; --line: #d3d9e0; --link: #0b5cad; --bar: #14222e; --bar-ink: #f2f6fa; --bar-dim: #b9c7d3;
  --ok: #13653a; --ok-bg: #e2f3e8; --no: #a4161e; --no-bg: #fbe6e7; --ask: #7a4d00; --ask-bg: #fdf0d3; --mute-bg: #e9ecf0;
  --others: #6a3fa0; --others-bg: #f4effb; --focus: #0b5cad; --esc: #9b1c5a; --esc-bg: #fbe4ef;
  --c0: #2166ac; --c1: #b35806; --c2: #1b7837; --c3: #8e44ad; --c4: #0f7c86; --c5: #a6306b; --c6: #6b7280;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #11171d; --card: #1a222a; --ink: #e7edf2; --dim: #a9b6c2; --line: #36424e; --link: #7fbcff; --bar: #0a0f14; --bar-ink: #f2f6fa; --bar-dim: #a9b9c7;
    --ok: #7fdba5; --ok-bg: #143524; --no: #ff9a9f; --no-bg: #431a1e; --ask: #f5c667; --ask-bg: #3d2e0c; --mute-bg: #2a343e;
    --others: #cfb1f7; --others-bg: #261d36; --focus: #7fbcff; --esc: #ffa3cc; --esc-bg: #431b30;
    --c0: #6fb1f2; --c1: #f0a35e; --c2: #74cf8e; --c3: #cf9be8; --c4: #5cc9d3; --c5: #f28db8; --c6: #a3abb5;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
main:focus { outline: none; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: .5rem; top: .5rem; background: var(--card); padding: .5rem 1rem; z-index: 2; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.top { background: var(--bar); color: var(--bar-ink); display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.25rem; padding: .5rem 1.25rem; }
.top :focus-visible { outline-color: #ffffff; }
.brand { color: var(--bar-ink); text-decoration: none; font-weight: 700; font-size: 1.1rem; }
.brand span { font-weight: 400; color: var(--bar-dim); }
nav { flex: 1 1 auto; }
nav ul { display: flex; flex-wrap: wrap; gap: .15rem; list-style: none; margin: 0; padding: 0; }
nav a { display: block; color: var(--bar-ink); text-decoration: none; padding: .45rem .7rem; border-radius: 6px; }
nav a:hover { text-decoration: underline; }
nav a[aria-current] { background: var(--bar-ink); color: #14222e; font-weight: 600; }
.count { display: inline-block; min-width: 1.4em; padding: 0 .35em; border-radius: 1em; background: #ffd166; color: #2b1d00; text-align: center; font-size: .85em; }
.who { margin: 0; display: flex; align-items: center; gap: .6rem; color: var(--bar-dim); font-size: .9rem; }
main { max-width: 76rem; margin: 0 auto; padding: 1.25rem; }
footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem 1.5rem; color: var(--dim); font-size: .9rem; }
#stale { color: var(--no); font-weight: 600; }
.is-stale [data-live] { opacity: .75; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.12rem; margin: 0 0 .6rem; }
h3 { font-size: 1rem; margin: 1rem 0 .4rem; }
.lead { color: var(--dim); margin: 0 0 1rem; max-width: 60rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; margin: 0 0 1rem; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; align-items: start; }
.two > .card { margin: 0; }
.two { margin-bottom: 1rem; }
.scroll { position: relative; overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 1rem; }
.card .scroll { border-radius: 6px; margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--dim); font-weight: 600; white-space: nowrap; font-size: .85rem; }
tbody th { font-weight: 600; }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.tight, span.tight, td time { white-space: nowrap; }
td .name, th .name { overflow-wrap: break-word; }
.small { font-size: .88rem; color: var(--dim); font-weight: 400; }
.empty { background: var(--card); border: 1px dashed var(--line); border-radius: 10px; padding: 1.25rem; color: var(--dim); }
.pill { display: inline-block; padding: .05rem .55rem; border-radius: 1em; border: 1px solid currentColor; font-size: .85rem; font-weight: 600; white-space: nowrap; background: var(--mute-bg); color: var(--ink); }
.pill.ok { color: var(--ok); background: var(--ok-bg); } .pill.no { color: var(--no); background: var(--no-bg); } .pill.ask { color: var(--ask); background: var(--ask-bg); }
code, pre, .value, .name.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .9em; }
code { overflow-wrap: anywhere; }
.name { unicode-bidi: isolate; }
.value { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: bidi-override; direction: ltr; border-left: 4px solid var(--link); background: var(--mute-bg); padding: .4rem .7rem; border-radius: 0 6px 6px 0; margin: .15rem 0 .35rem; }
.esc { color: var(--esc); background: var(--esc-bg); border-radius: 3px; font-weight: 600; }
.theirs { border: 2px dashed var(--others); background: var(--others-bg); }
.theirs .value { border-left-color: var(--others); background: var(--card); }
.theirs h2 { color: var(--others); }
.lines { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.lines > span { display: block; padding: 0 .35rem; }
.lines .plus { background: var(--ok-bg); color: var(--ok); } .lines .minus { background: var(--no-bg); color: var(--no); } .lines .tilde { background: var(--ask-bg); color: var(--ask); }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: .35rem 1rem; margin: 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
dl.params { display: block; } dl.params dt { margin-top: .6rem; font-weight: 600; color: var(--ink); } dl.params dt:first-child { margin-top: 0; }
.state { border-left: 6px solid var(--dim); } .state.ok { border-left-color: var(--ok); } .state.no { border-left-color: var(--no); } .state.ask { border-left-color: var(--ask); }
.state p { margin: 0 0 .3rem; } .state p:last-child { margin: 0; } .big { font-size: 1.12rem; font-weight: 600; }
.warn, .notice { border: 1px solid var(--ask); background: var(--ask-bg); color: var(--ink); border-radius: 10px; padding: .6rem 1rem; margin: 0 0 1rem; }
.warn b { color: var(--ask); } .notice { border-color: var(--link); background: var(--card); border-left: 6px solid var(--link); } .notice p { margin: 0; }
.notice.bad { border-color: var(--no); }
label { display: block; font-weight: 600; margin: .6rem 0 .2rem; }
label.inline { display: inline-flex; gap: .45rem; align-items: center; font-weight: 400; margin: .2rem 1rem .2rem 0; }
input, select, textarea, button { font: inherit; color: inherit; }
input:not([type=checkbox]):not([type=hidden]), select, textarea { width: 100%; min-height: 2.75rem; padding: .45rem .6rem; background: var(--card); border: 1px solid var(--dim); border-radius: 6px; }
input[type=checkbox] { width: 1.2rem; height: 1.2rem; }
textarea { resize: vertical; }
textarea.code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9rem; min-height: 9rem; }
fieldset { border: 1px solid var(--line); border-radius: 8px; margin: .8rem 0 0; padding: .4rem .9rem .8rem; } legend { font-weight: 600; padding: 0 .3rem; }
.filters { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 0 1rem; align-items: end; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1rem; align-items: center; }
button, .button { padding: .5rem 1.1rem; border-radius: 8px; border: 1px solid var(--link); background: var(--card); color: var(--link); font-weight: 600; cursor: pointer; text-decoration: none; min-height: 2.75rem; }
button.yes { background: #13653a; border-color: #13653a; color: #ffffff; } button.nay { background: #a4161e; border-color: #a4161e; color: #ffffff; }
button.go { background: #0b5cad; border-color: #0b5cad; color: #ffffff; }
button.quiet { padding: .2rem .7rem; min-height: 2rem; background: transparent; border-color: var(--bar-dim); color: var(--bar-ink); font-weight: 400; }
button:hover { filter: brightness(1.1); }
details { margin: .4rem 0; } summary { cursor: pointer; padding: .25rem 0; } details.more { font-size: .95em; }
ol.story { list-style: none; margin: 0; padding: 0; } ol.story > li { border-left: 3px solid var(--line); padding: 0 0 1rem 1.1rem; position: relative; margin-left: .4rem; }
ol.story > li::before { content: ""; position: absolute; left: -.5rem; top: .4rem; width: .8rem; height: .8rem; border-radius: 50%; background: var(--card); border: 3px solid var(--dim); }
ol.story > li.ok::before { border-color: var(--ok); } ol.story > li.no::before { border-color: var(--no); } ol.story > li.ask::before { border-color: var(--ask); }
ol.story p { margin: 0; } ol.story .say { font-weight: 600; overflow-wrap: anywhere; }
ul.plain { list-style: none; padding: 0; margin: 0; } ul.plain li { padding: .1rem 0; } ul.tabs { list-style: none; display: flex; gap: .5rem; padding: 0; margin: 0 0 1rem; flex-wrap: wrap; }
ul.tabs a { display: inline-block; padding: .35rem .9rem; border: 1px solid var(--line); border-radius: 1.5em; background: var(--card); text-decoration: none; } ul.tabs a[aria-current] { border: 2px solid var(--link); font-weight: 600; }
svg { display: block; max-width: none; } svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .dim { fill: var(--dim); } svg .head { fill: var(--dim); font-weight: 600; } svg .mono { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px; }
svg .box { fill: var(--card); stroke: var(--dim); } svg .agent { fill: var(--mute-bg); } svg .out { fill: var(--ask-bg); stroke: var(--ask); } svg .inside { fill: var(--ok-bg); stroke: var(--ok); } svg .edge { fill: none; stroke: var(--dim); stroke-width: 1.5; } svg .edge.asks { stroke: var(--ask); stroke-width: 2.5; stroke-dasharray: 6 4; } svg .asked { fill: var(--ask); font-weight: 600; } svg .axis { stroke: var(--dim); } svg .grid { stroke: var(--line); }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); } .c4 { fill: var(--c4); } .c5 { fill: var(--c5); } .c6 { fill: var(--c6); }
svg.chart { width: 100%; min-width: 58rem; height: auto; } svg.swatch { display: inline-block; vertical-align: -1px; margin-right: .4rem; } ul.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: 0 0 .6rem; font-size: .92rem; }
.picture { padding: .75rem; } .sideways { display: none; font-size: .88rem; color: var(--dim); margin: 0 0 .4rem; } .login { max-width: 30rem; margin: 8vh auto 0; }
@media (max-width: 640px) {
  main { padding: .9rem .75rem; } footer { padding: 0 .75rem 1.5rem; } .top { padding: .5rem .75rem; } nav { order: 3; flex-basis: 100%; } .who { margin-left: auto; }
  nav a { padding: .5rem .3rem; font-size: .9rem; } nav ul { gap: 0; justify-content: space-between; } th, td { padding: .45rem .55rem; } .card { padding: .85rem .85rem; } h1 { font-size: 1.3rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dl dd { margin-bottom: .5rem; } .buttons button { flex: 1 1 8rem; } .pill { white-space: normal; } .sideways { display: block; }
}
@media (prefers-reduced-motion: no-preference) { a, button { transition: filter .1s; } }
`;
