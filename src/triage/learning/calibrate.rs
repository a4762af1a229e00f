//! Makes scores honest: fitted on mails that the model scored without having seen them.

/// The factor that makes softmax scores most likely to give the labels (one over the temperature).
pub fn sharpness(scores: &[Vec<f32>], labels: &[usize]) -> f32 {
    let loss = |factor: f32| -> f64 {
        let one = |(scores, label): (&Vec<f32>, &usize)| {
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = scores.iter().map(|score| f64::from((score - highest) * factor).exp()).sum();
            let own = scores.get(*label).copied().unwrap_or(highest);
            sum.ln() - f64::from((own - highest) * factor)
        };
        scores.iter().zip(labels).map(one).sum()
    };
    let (mut low, mut high) = (0.05_f32.ln(), 20.0_f32.ln());
    for _ in 0..60 {
        let (left, right) = (low + (high - low) * 0.382, low + (high - low) * 0.618);
        if loss(left.exp()) < loss(right.exp()) { high = right } else { low = left }
    }
    ((low + high) / 2.0).exp()
}

/// Factor and offset that make logistic scores most likely to give the labels (Platt), by Newton's method.
pub fn platt(scores: &[f32], labels: &[bool]) -> (f32, f32) {
    let (mut factor, mut offset) = (1.0_f64, 0.0_f64);
    for _ in 0..50 {
        // A little weight on factor 1 and offset 0 keeps separable scores from running away.
        let (mut g0, mut g1) = ((factor - 1.0) * 0.1, offset * 0.1);
        let (mut h00, mut h01, mut h11) = (0.1, 0.0, 0.1);
        for (score, label) in scores.iter().zip(labels) {
            let score = f64::from(*score);
            let p = 1.0 / (1.0 + (-(factor * score + offset)).exp());
            let (error, weight) = (p - f64::from(u8::from(*label)), (p * (1.0 - p)).max(1e-6));
            g0 += error * score;
            g1 += error;
            h00 += weight * score * score;
            h01 += weight * score;
            h11 += weight;
        }
        let determinant = h00 * h11 - h01 * h01;
        let (d0, d1) = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        factor = (factor - d0.clamp(-1.0, 1.0)).max(0.05);
        offset -= d1.clamp(-1.0, 1.0);
        if d0.abs() + d1.abs() < 1e-7 {
            break;
        }
    }
    (factor as f32, offset as f32)
}

/// The confidence up to which fewer than `least` of the decisions about that confident were right.
///
/// `decisions` are (confidence, whether it was right).
pub fn doubt(decisions: &[(f32, bool)], least: f32) -> f32 {
    let right_about = |limit: f32| {
        let about: Vec<bool> =
            decisions.iter().filter(|(c, _)| (limit - 0.1..limit).contains(c)).map(|(_, right)| *right).collect();
        let right = about.iter().filter(|right| **right).count();
        (about.len(), right as f32 / about.len().max(1) as f32)
    };
    let limits = (7..=19).map(|step| step as f32 * 0.05);
    limits.filter(|limit| matches!(right_about(*limit), (10.., right) if right < least)).fold(0.3, f32::max)
}

/// The limit that gives the highest F1 when what is at least that likely is taken.
pub fn best_limit(documents: &[(f32, bool)]) -> f32 {
    let f1 = |limit: f32| {
        let taken = documents.iter().filter(|(p, _)| *p >= limit).count();
        let right = documents.iter().filter(|(p, there)| *p >= limit && *there).count();
        let there = documents.iter().filter(|(_, there)| *there).count();
        2.0 * right as f32 / (taken + there).max(1) as f32
    };
    let limits = (4..=16).map(|step| step as f32 * 0.05);
    limits.fold((0.5, f1(0.5)), |best, limit| if f1(limit) > best.1 + 0.002 { (limit, f1(limit)) } else { best }).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boasting_scores_are_damped() {
        // Two in three right, though the scores say e^6 : 1.
        let scores = vec![vec![3.0, -3.0]; 3];
        let factor = sharpness(&scores, &[0, 0, 1]);
        let p = 1.0 / (1.0 + (-6.0 * factor).exp());
        assert!((p - 2.0 / 3.0).abs() < 0.01, "{p}");
    }

    #[test]
    fn platt_finds_the_share() {
        let scores: Vec<f32> = (0..400).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let labels: Vec<bool> = (0..400).map(|i| if i % 2 == 0 { i % 8 != 0 } else { i % 10 == 1 }).collect();
        let (factor, offset) = platt(&scores, &labels);
        let p = |score: f32| 1.0 / (1.0 + (-(factor * score + offset)).exp());
        assert!((p(1.0) - 0.75).abs() < 0.02 && (p(-1.0) - 0.2).abs() < 0.02, "{} {}", p(1.0), p(-1.0));
    }

    #[test]
    fn doubt_and_limits_follow_the_data() {
        let decisions: Vec<(f32, bool)> = (0..100).map(|i| (i as f32 / 100.0, i >= 60 || i % 4 == 0)).collect();
        assert!((0.55..0.7).contains(&doubt(&decisions, 0.4)), "{}", doubt(&decisions, 0.4));
        let limit = best_limit(&[(0.9, true), (0.7, true), (0.65, false), (0.3, false)]);
        assert!(limit > 0.6 && limit <= 0.7, "{limit}");
    }
}
