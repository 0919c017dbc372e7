// The style of a card's page. Light and dark by what the reader's system prefers; nothing is fetched.
#pragma once

#include <string_view>

namespace adze::report {

inline constexpr std::string_view kCardStyle = R"(
:root{color-scheme:light dark;--page:#f6f7f9;--panel:#fff;--text:#1a2230;--faint:#5d6878;--line:#dfe3ea;--accent:#1769aa;
--mark:#c2410c;--good:#15803d;--warn:#b45309;--c0:#2f6db5;--c1:#d98324;--c2:#3d9970;--c3:#9256b0;--c4:#c24457;
--c5:#6b8e23;--c6:#4c9fb3;--c7:#a3734c;--c8:#7d89a1;--c9:#c9a227}
@media (prefers-color-scheme:dark){:root{--page:#11151b;--panel:#1a2029;--text:#e6eaf0;--faint:#9aa6b6;--line:#2d3643;
--accent:#5ab0f2;--mark:#fb923c;--good:#4ade80;--warn:#fbbf24;--c0:#5b9be0;--c1:#e9a04f;--c2:#5cbd92;--c3:#b583d1;
--c4:#e06c7d;--c5:#9dbb4f;--c6:#6fc3d6;--c7:#c99a74;--c8:#98a5bd;--c9:#e0bf4a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:980px;margin:0 auto;padding:28px 18px 60px}
h1{font-size:27px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:18px;margin:0 0 4px}
p{margin:0 0 12px}
.kind{color:var(--accent);font-weight:600;letter-spacing:.06em;text-transform:uppercase;font-size:12px;margin:0 0 4px}
.sub,.note{color:var(--faint)}
.note{font-size:13.5px}
section{background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:18px 20px;margin-top:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin-top:20px}
.tile{background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:12px 14px}
.tile b{display:block;font-size:22px;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{display:block;color:var(--faint);font-size:13px}
.chart{display:block;margin:10px 0 4px;overflow:visible}
.chart text{fill:var(--faint);font-size:12px}
.chart text.strong{fill:var(--mark);font-weight:600}
.bar{fill:var(--accent)}
.grid{stroke:var(--line)}
.axis{stroke:var(--faint)}
.mark{stroke:var(--mark);stroke-width:1.5;stroke-dasharray:4 3}
.amount{fill:var(--accent)}
.plain{fill:var(--line)}
.shares{border-radius:7px;overflow:hidden}
.c0{fill:var(--c0);background:var(--c0)}.c1{fill:var(--c1);background:var(--c1)}.c2{fill:var(--c2);background:var(--c2)}
.c3{fill:var(--c3);background:var(--c3)}.c4{fill:var(--c4);background:var(--c4)}.c5{fill:var(--c5);background:var(--c5)}
.c6{fill:var(--c6);background:var(--c6)}.c7{fill:var(--c7);background:var(--c7)}.c8{fill:var(--c8);background:var(--c8)}
.c9{fill:var(--c9);background:var(--c9)}
.dot{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th{text-align:left;color:var(--faint);font-weight:600;font-size:12.5px}
td,th{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);white-space:nowrap}
tr:last-child td{border-bottom:0}
.n{text-align:right}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:10px 0 0;font-size:14px}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere;min-width:0}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.heat{display:grid;grid-template-columns:max-content 1fr;gap:0 12px;align-items:center;font-size:13px;margin-top:8px}
.heat .chart{margin:0}
.heat .ends{display:flex;justify-content:space-between;color:var(--faint);font-size:12px}
.heat .whole{color:var(--faint);font-size:13px}
.scale{display:flex;align-items:center;gap:8px;color:var(--faint);font-size:12.5px;margin:8px 0 14px;flex-wrap:wrap}
.ramp{display:inline-block;width:120px;height:10px;border-radius:5px}
.bad-good{background:linear-gradient(90deg,hsl(12 62% 47%),hsl(94 62% 47%),hsl(177 62% 47%))}
.few-many{background:linear-gradient(90deg,color-mix(in srgb,var(--accent) 12%,transparent),var(--accent))}
.meter{display:inline-block;width:110px;height:9px;border-radius:5px;background:var(--line);overflow:hidden;vertical-align:middle}
.meter i{display:block;height:100%;background:var(--mark)}
.halves{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,390px),1fr));gap:8px 34px;margin-top:14px}
.halves h3{font-size:15px;margin:0 0 2px}
.halves dl{margin:0;align-content:start}
.halves td:last-child{padding-right:0;text-align:right}
summary{cursor:pointer;font-weight:600}
footer{color:var(--faint);font-size:13px;margin-top:18px}
@media (max-width:560px){main{padding:18px 12px 40px}section{padding:14px}h1{font-size:22px}dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:8px}dl.pairs{grid-template-columns:1fr 1fr;gap:3px 14px}dl.pairs dd{margin:0}.tiles{grid-template-columns:1fr 1fr}.tile b{font-size:19px}.heat{font-size:11.5px;gap:0 8px}}
)";

}  // namespace adze::report
