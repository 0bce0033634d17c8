//! The sets and densities that filters take means over.

use super::items::{Item, equal, listed, member, names, numbers, plain, times};
use super::places::{Places, Space};
use crate::activation::Line;
use crate::expression::latex::words;
use crate::expression::{Expression, Symbol};
use crate::network::{Filter, InputSpace, Padding, ZonalProfile};

/// The mean over a filter.
pub(super) struct FilterMean {
    pub(super) over: Symbol,
    /// Lines that say what it is.
    pub(super) items: Vec<Item>,
}

impl Space<'_> {
    /// The mean over a filter, which may leave fewer pixels.
    ///
    /// # Arguments
    /// * `label` — of the layer
    /// * `before` — of the layer before; none for the first one
    pub(super) fn filter(
        &mut self,
        filter: &Filter,
        label: &str,
        before: Option<&str>,
    ) -> FilterMean {
        let variable = if before.is_none() { "x" } else { "h" };
        let set = Symbol::indexed(&Symbol::plain("S"), label);
        let whole = match (self.input, before) {
            (InputSpace::Sphere { .. }, None) => Symbol::new("S²", "S^2"),
            (InputSpace::Sphere { .. }, Some(_)) => Symbol::new("SO(3)", r"\mathrm{SO}(3)"),
            (_, None) => Symbol::plain("X"),
            _ => Symbol::plain("G"),
        };
        let element = |set: &Symbol| member(variable, set);
        // What a zonal filter weighs by.
        let angle = match before {
            None => Symbol::new("angle(x, n)", r"\operatorname{angle}(x, n)"),
            Some(_) => Symbol::new("angle(h n, n)", r"\operatorname{angle}(h \, n, n)"),
        };
        match filter {
            Filter::Zonal(profile) => zonal(profile, label, variable, &whole, &angle),
            Filter::Subset(numbers) => FilterMean {
                over: element(&set),
                items: vec![equal(set, listed(numbers))],
            },
            Filter::Window {
                height,
                width,
                padding,
            } => {
                let offsets = [height, width].map(|edge| ((edge / 2) as i64, edge));
                let [rows, columns] = offsets.map(|(half, _)| numbers(-half, half));
                let mut items = vec![equal(set.clone(), self.with_group(before, &rows, &columns))];
                match padding {
                    Padding::Circular => items.push(self.modulo()),
                    Padding::Same if (*height, *width) != (1, 1) => items.push(self.zeros(before)),
                    Padding::Same => {}
                    Padding::Valid => self.shrink([*height, *width], label, &mut items),
                }
                FilterMean {
                    over: element(&set),
                    items,
                }
            }
            Filter::Global | Filter::Neighbours(_) => match self.input {
                InputSpace::Plane { height, width, .. } => {
                    let [rows, columns] = [height, width].map(|size| numbers(0, *size as i64 - 1));
                    FilterMean {
                        over: element(&set),
                        items: vec![
                            equal(set, self.with_group(before, &rows, &columns)),
                            self.modulo(),
                        ],
                    }
                }
                _ => FilterMean {
                    over: element(&whole),
                    items: Vec::new(),
                },
            },
        }
    }

    /// Orientations, after the first layer, and offsets.
    fn with_group(&self, before: Option<&str>, rows: &Symbol, columns: &Symbol) -> Symbol {
        let pixels = times(rows, columns);
        match before {
            None => pixels,
            Some(_) => times(&self.orientations(), &pixels),
        }
    }

    fn modulo(&self) -> Item {
        let [height, width] = self.pixels.map(|(_, count)| count);
        let said = format!("rows modulo {height}, columns modulo {width}");
        plain(said.clone(), words(&said))
    }

    /// What lies beyond the edge.
    fn zeros(&self, before: Option<&str>) -> Item {
        match before {
            None => plain(
                "f = f' = 0 outside the image",
                r"f = f' = 0 \text{ outside the image}",
            ),
            Some(before) => {
                let [k, theta] = names().map(|name| Symbol::indexed(&name, before));
                let Places::Group(group) = &self.places else {
                    unreachable!("a convolution is over a group")
                };
                plain(
                    format!("{} = {} = 0 outside {}", k.text, theta.text, group.text),
                    format!(
                        r"{} = {} = 0 \text{{ outside }} {}",
                        k.latex, theta.latex, group.latex
                    ),
                )
            }
        }
    }

    /// The pixels whose windows are inside.
    fn shrink(&mut self, window: [usize; 2], label: &str, items: &mut Vec<Item>) {
        if window == [1, 1] {
            return;
        }
        for ((first, count), edge) in self.pixels.iter_mut().zip(window) {
            *first += edge / 2;
            *count -= edge - 1;
        }
        let group = Symbol::indexed(&Symbol::plain("G"), label);
        items.push(equal(group.clone(), self.pixels_of_group()));
        self.places = Places::Group(group);
    }
}

/// The mean over a filter that weighs by an angle.
fn zonal(
    profile: &ZonalProfile,
    label: &str,
    variable: &str,
    whole: &Symbol,
    angle: &Symbol,
) -> FilterMean {
    let set = Symbol::indexed(&Symbol::plain("S"), label);
    let supported = |[text, latex]: [String; 2]| FilterMean {
        over: member(variable, &set),
        items: vec![equal(
            set.clone(),
            Symbol::new(
                format!("{{{} : {text}}}", member(variable, whole).text),
                format!(r"\{{{} : {latex}\}}", member(variable, whole).latex),
            ),
        )],
    };
    let density = Symbol::indexed(&Symbol::plain("p"), label);
    let weighted = |right: Expression, mut items: Vec<Item>| {
        let left = Symbol::new(
            format!("{}(θ)", density.text),
            format!(r"{}(\theta)", density.latex),
        );
        let remark = Symbol::new(
            format!("scaled to mass 1, for θ = {}", angle.text),
            format!(r"\text{{scaled to mass 1, for }} \theta = {}", angle.latex),
        );
        items.push(Item::Equation(Line::new(left, right).with_remark(remark)));
        FilterMean {
            over: Symbol::new(
                format!("{variable} ~ {}", density.text),
                format!(r"{variable} \sim {}", density.latex),
            ),
            items,
        }
    };
    let theta = || Expression::symbol("θ", r"\theta");
    match profile {
        ZonalProfile::Cap { angle: rim } => {
            let rim = Expression::from(*rim);
            supported([
                format!("{} ≤ {rim}", angle.text),
                format!(r"{} \le {}", angle.latex, rim.to_latex()),
            ])
        }
        ZonalProfile::Ring { inner, outer } => {
            let [inner, outer] = [*inner, *outer].map(Expression::from);
            supported([
                format!("{inner} ≤ {} ≤ {outer}", angle.text),
                format!(
                    r"{} \le {} \le {}",
                    inner.to_latex(),
                    angle.latex,
                    outer.to_latex()
                ),
            ])
        }
        ZonalProfile::Gaussian { width } => {
            let square = (theta() / *width).power(2);
            weighted(Expression::call("exp", [0.0 - square / 2.0]), Vec::new())
        }
        ZonalProfile::Heat { time } => {
            let time = Expression::from(*time);
            let text = format!("Σ[l ≥ 0] (2 l + 1) exp(−{time} l (l + 1)) P_l(cos(θ))");
            let latex = format!(
                r"\sum_{{l \ge 0}} (2 l + 1) \exp\left( -{} \, l \, (l + 1) \right) P_l(\cos \theta)",
                time.to_latex()
            );
            weighted(Expression::symbol(&text, &latex), Vec::new())
        }
        ZonalProfile::Legendre(multipliers) => {
            let count = multipliers.len();
            let text = format!("Σ[l < {count}] (2 l + 1) a_l P_l(cos(θ))");
            let latex = format!(r"\sum_{{l < {count}}} (2 l + 1) \, a_l \, P_l(\cos \theta)");
            let listed = |write: fn(&Expression) -> String| {
                let numbers: Vec<_> = multipliers
                    .iter()
                    .map(|a| write(&Expression::from(*a)))
                    .collect();
                format!("({})", numbers.join(", "))
            };
            let given = Symbol::new(listed(ToString::to_string), listed(Expression::to_latex));
            let items = vec![equal(
                Symbol::new("(a_0, a_1, …)", r"(a_0, a_1, \dots)"),
                given,
            )];
            weighted(Expression::symbol(&text, &latex), items)
        }
    }
}
