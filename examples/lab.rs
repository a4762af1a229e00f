//! Scratch: cross-validates.
#![allow(missing_docs, clippy::unwrap_used)]
use guichet::domain::*;
use guichet::triage::corpus::*;
use guichet::triage::features::*;
use guichet::triage::learning::{gram::*, linear};
fn main() {
    let mut paths: Vec<_> = std::fs::read_dir("models/corpus")
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    paths.sort();
    let mut rows = vec![];
    for p in paths {
        rows.extend(
            parse(&Asset { name: String::new(), origin: p.display().to_string(), bytes: std::fs::read(&p).unwrap() })
                .unwrap(),
        );
    }
    let t = std::time::Instant::now();
    let feats: Vec<Features> = rows.iter().map(|r| extract(&r.subject, &r.body, &[])).collect();
    println!(
        "extract {:?} per mail, nnz {}",
        t.elapsed() / rows.len() as u32,
        feats.iter().map(|f| f.entries.len()).sum::<usize>() / rows.len()
    );
    let pens: Vec<f64> = std::env::var("PEN").unwrap_or("0.1".into()).split(',').map(|x| x.parse().unwrap()).collect();
    let blocks: Vec<Array> = Block::ALL
        .iter()
        .map(|b| {
            let fs: Vec<Features> = feats
                .iter()
                .map(|f| Features { entries: f.entries.iter().filter(|e| e.block == *b).cloned().collect() })
                .collect();
            gram(&fs.iter().collect::<Vec<_>>())
        })
        .collect();
    println!("gram {:?}", t.elapsed());
    for w in std::env::var("W").unwrap_or("1,1,1,1,1".into()).split(';') {
        let ws: Vec<f64> = w.split(',').map(|x| x.parse().unwrap()).collect();
        let mut g = &blocks[0] * ws[0];
        for (b, w) in blocks.iter().zip(&ws).skip(1) {
            g = g + b * *w;
        }
        for pen in &pens {
            run(&rows, &g, *pen, w);
        }
    }
}
type Array = ndarray::Array2<f64>;
fn fold(id: &str) -> u64 {
    let h = hash::text(id);
    (h ^ (h >> 29)).wrapping_mul(0x9e3779b97f4a7c15) >> 40
}
fn f1(pairs: &[(usize, usize)], k: usize) -> f64 {
    (0..k)
        .map(|c| {
            let tp = pairs.iter().filter(|p| p.0 == c && p.1 == c).count() as f64;
            let a = pairs.iter().filter(|p| p.0 == c).count() as f64;
            let b = pairs.iter().filter(|p| p.1 == c).count() as f64;
            2.0 * tp / (a + b).max(1.0)
        })
        .sum::<f64>()
        / k as f64
}
fn cv(
    rows: &[Row],
    g: &Array,
    idx: &[usize],
    y: &dyn Fn(&Row) -> usize,
    k: usize,
    pen: f64,
    test: bool,
) -> Vec<(usize, usize)> {
    let mut out = vec![];
    for f in 0..5u64 {
        let (tr, te): (Vec<usize>, Vec<usize>) = if test {
            if f > 0 {
                break;
            }
            idx.iter().partition(|i| rows[**i].split == Split::Train)
        } else {
            idx.iter().filter(|i| rows[**i].split == Split::Train).partition(|i| fold(&rows[**i].id) % 5 != f)
        };
        let at = Coordinates::of(g, &tr);
        let m = linear::multinomial(&at, &tr.iter().map(|i| y(&rows[*i])).collect::<Vec<_>>(), k, pen).unwrap();
        let s = m.scores(g, &at, &te);
        for (n, i) in te.iter().enumerate() {
            let r = s.row(n);
            let best = (0..k).max_by(|a, b| r[*a].total_cmp(&r[*b])).unwrap();
            out.push((y(&rows[*i]), best));
        }
    }
    out
}
fn cvb(rows: &[Row], g: &Array, idx: &[usize], pen: f64, test: bool) -> Vec<(usize, usize)> {
    let mut out = vec![];
    for f in 0..5u64 {
        let (tr, te): (Vec<usize>, Vec<usize>) = if test {
            if f > 0 {
                break;
            }
            idx.iter().partition(|i| rows[**i].split == Split::Train)
        } else {
            idx.iter().filter(|i| rows[**i].split == Split::Train).partition(|i| fold(&rows[**i].id) % 5 != f)
        };
        let at = Coordinates::of(g, &tr);
        let ms: Vec<_> = (1..4u8)
            .map(|l| {
                linear::binary(&at, &tr.iter().map(|i| rows[*i].anger.level() >= l).collect::<Vec<_>>(), pen)
                    .unwrap()
                    .scores(g, &at, &te)
            })
            .collect();
        for (n, i) in te.iter().enumerate() {
            out.push((rows[*i].anger.level() as usize, ms.iter().filter(|m| m[[n, 0]] > 0.0).count()));
        }
    }
    out
}
fn kappa(p: &[(usize, usize)]) -> f64 {
    let n = p.len() as f64;
    let d = |a: usize, b: usize| (a as f64 - b as f64).powi(2);
    let o: f64 = p.iter().map(|p| d(p.0, p.1)).sum::<f64>() / n;
    let mut e = 0.0;
    for a in p {
        for b in p {
            e += d(a.0, b.1);
        }
    }
    1.0 - o / (e / n / n)
}
fn angry(p: &[(usize, usize)]) -> f64 {
    let tp = p.iter().filter(|p| p.0 >= 2 && p.1 >= 2).count() as f64;
    2.0 * tp / (p.iter().filter(|p| p.0 >= 2).count() + p.iter().filter(|p| p.1 >= 2).count()) as f64
}
fn run(rows: &[Row], g: &Array, pen: f64, w: &str) {
    let t = std::time::Instant::now();
    let all: Vec<usize> = (0..rows.len()).collect();
    let intent = |r: &Row| r.intent as usize;
    let req: Vec<usize> = all.iter().copied().filter(|i| rows[*i].reason.is_some()).collect();
    let reason = |r: &Row| r.reason.unwrap() as usize;
    let i = f1(&cv(rows, g, &all, &intent, 3, pen, false), 3);
    let a = cvb(rows, g, &all, pen, false);
    let r = f1(&cv(rows, g, &req, &reason, 8, pen, false), 8);
    print!("w {w} pen {pen}: intent {i:.3} kappa {:.3} angry {:.3} reason {r:.3}", kappa(&a), angry(&a));
    if std::env::var("TEST").is_ok() {
        let a = cvb(rows, g, &all, pen, true);
        print!(
            " | test intent {:.3} kappa {:.3} angry {:.3} reason {:.3}",
            f1(&cv(rows, g, &all, &intent, 3, pen, true), 3),
            kappa(&a),
            angry(&a),
            f1(&cv(rows, g, &req, &reason, 8, pen, true), 8)
        );
    }
    println!(" {:?}", t.elapsed());
}
