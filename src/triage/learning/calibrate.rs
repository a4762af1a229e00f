//! Where to stop believing, found on mails that the model scored without having seen them.

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

/// F1 that a limit nearer to one half may cost: about what other mail would change it by.
const AS_GOOD: f32 = 0.002;

/// The limit that gives the highest F1 when what is at least that likely is taken; of several about as good the one nearest to one
/// half, which treats a wrong find and an oversight alike.
pub fn best_limit(documents: &[(f32, bool)]) -> f32 {
    let f1 = |limit: f32| {
        let taken = documents.iter().filter(|(p, _)| *p >= limit).count();
        let right = documents.iter().filter(|(p, there)| *p >= limit && *there).count();
        let there = documents.iter().filter(|(_, there)| *there).count();
        2.0 * right as f32 / (taken + there).max(1) as f32
    };
    let limits: Vec<(f32, f32)> = (4..=16).map(|step| step as f32 * 0.05).map(|limit| (limit, f1(limit))).collect();
    let best = limits.iter().map(|(_, f1)| *f1).fold(0.0, f32::max);
    let from_half = |limit: &f32| (limit - 0.5).abs();
    let as_good = limits.iter().filter(|(_, f1)| *f1 >= best - AS_GOOD).map(|(limit, _)| *limit);
    as_good.min_by(|a, b| from_half(a).total_cmp(&from_half(b))).unwrap_or(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_and_limits_follow_the_data() {
        let decisions: Vec<(f32, bool)> = (0..100).map(|i| (i as f32 / 100.0, i >= 60 || i % 4 == 0)).collect();
        assert!((0.55..0.7).contains(&doubt(&decisions, 0.4)), "{}", doubt(&decisions, 0.4));
        let limit = best_limit(&[(0.9, true), (0.7, true), (0.65, false), (0.3, false)]);
        assert!(limit > 0.65 && limit <= 0.7, "{limit}");
        let any = best_limit(&[(0.9, true), (0.1, false)]);
        assert!((any - 0.5).abs() < 1e-6, "every limit between them is as good: {any}");
    }
}
