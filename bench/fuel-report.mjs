// Tables and plot from the raw data of a fuel run, anew: `node bench/fuel-report.mjs FILE.json [PLOT.svg]`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fuelPlot } from './fuel/plot.mjs';
import { fuelTables } from './fuel/tables.mjs';

const [file, plot] = process.argv.slice(2);
const { fuel } = JSON.parse(readFileSync(file, 'utf8'));
console.log(fuelTables(fuel));
if (plot !== undefined) writeFileSync(plot, fuelPlot(fuel));
