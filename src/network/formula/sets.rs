//! The sets and densities that filters take means over.

use super::items::{Item, equal, listed, member, names, numbers, plain, spaced, times};
use super::places::{Places, Space};
use crate::activation::Line;
use crate::expression::latex::words;
use crate::expression::{Expression, Symbol};
use crate::network::{AveragePooling, Filter, InputSpace, Padding, Slide, ZonalProfile};

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
                stride,
            } => {
                let slides = Slide::both([*height, *width], *stride, *padding);
                let [rows, columns] = self.offsets(slides);
                let mut items = vec![equal(set.clone(), self.with_group(before, &rows, &columns))];
                items.extend(self.beyond(slides, before));
                items.extend(self.slide(slides, label));
                FilterMean {
                    over: element(&set),
                    items,
                }
            }
            Filter::Global | Filter::Neighbours(_) | Filter::Message(_) => match self.input {
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

    /// The windows of a pooling, which may leave fewer pixels.
    pub(super) fn pooling(
        &mut self,
        pooling: AveragePooling,
        label: &str,
        before: &str,
    ) -> FilterMean {
        let set = Symbol::indexed(&Symbol::plain("S"), label);
        let slides = pooling.slides();
        let [rows, columns] = self.offsets(slides);
        let unmoved = Symbol::new("{1}", r"\{1\}");
        let said = "1 stands for no rotation";
        let windows = times(&unmoved, &times(&rows, &columns));
        let line = Line::new(set.clone(), windows).with_remark(Symbol::new(said, words(said)));
        let mut items = vec![Item::Equation(line)];
        items.extend(self.beyond(slides, Some(before)));
        items.extend(self.slide(slides, label));
        FilterMean {
            over: member("h, h'", &set),
            items,
        }
    }

    /// The rows and columns of a window, seen from its centre.
    fn offsets(&self, slides: [Slide; 2]) -> [Symbol; 2] {
        std::array::from_fn(|i| {
            let (window, spacing) = (slides[i].window, self.pixels[i].spacing);
            spaced((1 - window as i64) * spacing, spacing, window)
        })
    }

    /// What windows meet beyond the edge.
    fn beyond(&self, slides: [Slide; 2], before: Option<&str>) -> Option<Item> {
        match slides[0].padding {
            Padding::Circular => Some(self.modulo()),
            Padding::Same if slides.map(|slide| slide.window) != [1, 1] => Some(self.zeros(before)),
            Padding::Same | Padding::Valid => None,
        }
    }

    fn modulo(&self) -> Item {
        let [height, width] = self
            .pixels
            .map(|pixels| pixels.spacing * pixels.count as i64);
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

    /// Moves to the centres of windows. Returns their definition, if they are not the pixels before.
    fn slide(&mut self, slides: [Slide; 2], label: &str) -> Option<Item> {
        let before = self.pixels;
        for (pixels, slide) in self.pixels.iter_mut().zip(slides) {
            let twice_centre = slide.window as i64 - 1 - 2 * slide.front(pixels.count) as i64;
            pixels.twice_first += pixels.spacing * twice_centre;
            pixels.count = slide.count(pixels.count);
            pixels.spacing *= slide.stride as i64;
        }
        if self.pixels == before {
            return None;
        }
        let group = Symbol::indexed(&Symbol::plain("G"), label);
        self.places = Places::Group(group.clone());
        Some(equal(group, self.pixels_of_group()))
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
