//! Reads formulas as they are printed: a tokeniser each for text and LaTeX, and one grammar. It shares nothing with the crate.
//!
//! ```text
//! sum     = ["−"] term {("+" | "−") term}
//! term    = factor {factor} ["/" factor] | {factor} "mean[" … "]" term
//! factor  = atom {"^" digits | "!"} ["·" factor]
//! atom    = number | name | name "(" sum {("," | ";") sum} ")" | "(" sum ")" | "√" atom
//! ```

#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    Number(f64),
    /// With primes, and with an index after `_`.
    Name(String),
    /// The name of a function right before its arguments.
    Open {
        call: bool,
    },
    Exponent(i32),
    Mean(Vec<Token>),
    Sign(char),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Ast {
    Number(f64),
    Name(String),
    Negative(Box<Ast>),
    Sum(Vec<Ast>),
    Product(Vec<Ast>),
    Quotient(Box<Ast>, Box<Ast>),
    Power(Box<Ast>, i32),
    Factorial(Box<Ast>),
    Root(Box<Ast>),
    Call(String, Vec<Ast>),
    /// The scalar product of values with several channels.
    Dot(Box<Ast>, Box<Ast>),
    Mean(String, Box<Ast>),
}

/// One line, `left = right  remark`.
#[derive(Debug, Clone, PartialEq)]
pub struct Equation {
    pub left: Ast,
    pub right: Ast,
    pub remark: String,
}

/// A title and the lines under it.
#[derive(Debug, Clone)]
pub struct Block {
    pub title: String,
    pub lines: Vec<String>,
}

pub fn text_blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("  ") {
            None => blocks.push(Block {
                title: line.into(),
                lines: Vec::new(),
            }),
            Some(line) => blocks.last_mut().unwrap().lines.push(line.into()),
        }
    }
    blocks
}

pub fn latex_blocks(latex: &str) -> Vec<Block> {
    let inner = latex.strip_prefix("\\begin{align*}\n").unwrap();
    let inner = inner.strip_suffix("\n\\end{align*}\n").unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    for row in inner.split(" \\\\\n") {
        match row.strip_prefix(r"& \quad ") {
            None => {
                let title = row.strip_prefix(r"& \textbf{\text{").unwrap();
                let title = title.strip_suffix("}}").unwrap().into();
                blocks.push(Block {
                    title,
                    lines: Vec::new(),
                });
            }
            Some(line) => blocks.last_mut().unwrap().lines.push(line.into()),
        }
    }
    blocks
}

/// Whether a line defines a number, or a kernel: sets, densities and words are read elsewhere.
pub fn is_equation(line: &str) -> bool {
    let set = ["S", "G", "X", "(a_0", "f = "]
        .iter()
        .any(|start| line.starts_with(start));
    let density = line.contains("(θ) = ") || line.contains(r"(\theta) = ");
    let words = ["= 0 outside", r"= 0 \text{ outside", ": a rotation"];
    let words = words.iter().any(|inside| line.contains(inside));
    line.contains(" = ") && !set && !density && !words
}

pub fn text_equation(line: &str) -> Equation {
    let (line, remark) = line.split_once("  ").unwrap_or((line, ""));
    equation(line, remark, text_tokens)
}

pub fn latex_equation(line: &str) -> Equation {
    let (line, remark) = line.split_once(r" \quad ").unwrap_or((line, ""));
    equation(line, remark, latex_tokens)
}

fn equation(line: &str, remark: &str, tokens: fn(&str) -> Vec<Token>) -> Equation {
    let (left, right) = line.split_once(" = ").unwrap();
    Equation {
        left: parse(tokens(left)),
        right: parse(tokens(right)),
        remark: remark.into(),
    }
}

pub fn text_expression(text: &str) -> Ast {
    parse(text_tokens(text))
}

/// The tokens of a mean, as one word.
fn canonical(tokens: &[Token]) -> String {
    let word = |token: &Token| match token {
        Token::Number(value) => value.to_string(),
        Token::Name(name) => name.clone(),
        Token::Open { .. } => "(".into(),
        Token::Exponent(n) => format!("^{n}"),
        Token::Sign(sign) => sign.to_string(),
        Token::Mean(_) => panic!("a mean within the set of a mean"),
    };
    tokens.iter().map(word).collect()
}

/// The set of a mean as the tree has it.
pub fn canonical_text(text: &str) -> String {
    canonical(&text_tokens(text))
}

fn index_of(below: char) -> Option<char> {
    match below {
        '₀'..='₉' => char::from_digit(below as u32 - '₀' as u32, 10),
        'ⱼ' => Some('j'),
        '₋' => Some('-'),
        _ => None,
    }
}

const ABOVE: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";

fn text_tokens(text: &str) -> Vec<Token> {
    let c: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < c.len() {
        let start = i;
        if c[i..].starts_with(&['m', 'e', 'a', 'n', '[']) {
            let mut depth = 1;
            i += 5;
            let from = i;
            while depth > 0 {
                depth += i32::from(c[i] == '[') - i32::from(c[i] == ']');
                i += 1;
            }
            let set: String = c[from..i - 1].iter().collect();
            tokens.push(Token::Mean(text_tokens(&set)));
        } else if c[i].is_ascii_digit() {
            i = number_end(&c, i);
            let digits: String = c[start..i].iter().collect();
            tokens.push(Token::Number(digits.parse().unwrap()));
        } else if c[i].is_alphabetic() && !ABOVE.contains(c[i]) {
            let greek = |c: char| !c.is_ascii();
            while i < c.len()
                && c[i].is_alphabetic()
                && greek(c[i]) == greek(c[start])
                && !ABOVE.contains(c[i])
                && index_of(c[i]).is_none()
            {
                i += 1;
            }
            let mut name: String = c[start..i].iter().collect();
            if i < c.len() && (index_of(c[i]).is_some() || c[i] == '_') {
                name.push('_');
                while i < c.len() {
                    match index_of(c[i]) {
                        Some(digit) => name.push(digit),
                        None if c[i] == '.' || c[i] == '_' => {
                            name.extend(Some(c[i]).filter(|c| *c == '.'))
                        }
                        None if name.ends_with('_') => name.push(c[i]),
                        None => break,
                    }
                    i += 1;
                }
            }
            while i < c.len() && c[i] == '\'' {
                name.push('\'');
                i += 1;
            }
            tokens.push(Token::Name(name));
            if i < c.len() && c[i] == '(' {
                tokens.push(Token::Open { call: true });
                i += 1;
            }
        } else if let Some(digit) = ABOVE.chars().position(|above| above == c[i]) {
            i += 1;
            match tokens.last_mut() {
                // Only the exponent before: a space or a symbol would be in between otherwise.
                Some(Token::Exponent(n)) => *n = 10 * *n + digit as i32,
                _ => tokens.push(Token::Exponent(digit as i32)),
            }
        } else {
            match c[i] {
                ' ' => {}
                '(' => tokens.push(Token::Open { call: false }),
                other => tokens.push(Token::Sign(other)),
            }
            i += 1;
        }
    }
    tokens
}

/// The end of 12, 1.3, 1e-7.
fn number_end(c: &[char], mut i: usize) -> usize {
    let digits = |mut i: usize| {
        while i < c.len() && c[i].is_ascii_digit() {
            i += 1;
        }
        i
    };
    i = digits(i);
    if i + 1 < c.len() && c[i] == '.' && c[i + 1].is_ascii_digit() {
        i = digits(i + 1);
    }
    if i + 1 < c.len() && c[i] == 'e' && (c[i + 1].is_ascii_digit() || c[i + 1] == '-') {
        i = digits(i + 2);
    }
    i
}

/// Tokens of LaTeX: fractions and roots become quotients and roots of what is in parentheses.
fn latex_tokens(latex: &str) -> Vec<Token> {
    let c: Vec<char> = latex.chars().collect();
    let mut tokens = Vec::new();
    let mut i = 0;
    // The content of the braces at `i`.
    let group = |i: &mut usize| -> String {
        assert_eq!(c[*i], '{', "{latex}");
        let from = *i + 1;
        let mut depth = 0;
        loop {
            depth += i32::from(c[*i] == '{') - i32::from(c[*i] == '}');
            *i += 1;
            if depth == 0 {
                return c[from..*i - 1].iter().collect();
            }
        }
    };
    let close = Token::Sign(')');
    let open = Token::Open { call: false };
    while i < c.len() {
        let start = i;
        if c[i] == '\\' && i + 1 < c.len() && !c[i + 1].is_alphabetic() {
            assert!([',', ';'].contains(&c[i + 1]), "{latex}");
            i += 2;
        } else if c[i] == '\\' || c[i].is_ascii_alphabetic() {
            i += 1;
            while i < c.len() && c[i].is_ascii_alphabetic() {
                i += 1;
            }
            let command: String = c[start..i].iter().collect();
            let mut name = match command.as_str() {
                r"\frac" => {
                    let [above, below] = [group(&mut i), group(&mut i)];
                    // A fraction holds together as if in parentheses.
                    tokens.push(open.clone());
                    for (part, sign) in [(above, Some('/')), (below, None)] {
                        tokens.push(open.clone());
                        tokens.extend(latex_tokens(&part));
                        tokens.push(close.clone());
                        tokens.extend(sign.map(Token::Sign));
                    }
                    tokens.push(close.clone());
                    continue;
                }
                r"\sqrt" => {
                    tokens.extend([Token::Sign('√'), open.clone()]);
                    tokens.extend(latex_tokens(&group(&mut i)));
                    tokens.push(close.clone());
                    continue;
                }
                r"\operatorname" if c[i] == '*' => {
                    i += 1;
                    assert_eq!(group(&mut i), "mean");
                    assert_eq!(c[i], '_');
                    i += 1;
                    tokens.push(Token::Mean(latex_tokens(&group(&mut i))));
                    continue;
                }
                r"\left" => {
                    // Right after the name of a function it opens its arguments.
                    let call = matches!(tokens.last(), Some(Token::Name(_))) && c[start - 1] != ' ';
                    tokens.push(Token::Open { call });
                    assert_eq!(c[i], '(');
                    i += 1;
                    continue;
                }
                r"\right" => {
                    assert_eq!(c[i], ')');
                    i += 1;
                    tokens.push(close.clone());
                    continue;
                }
                r"\cdot"
                    if latex[..].contains(r" \cdot 10^{")
                        && matches!(tokens.last(), Some(Token::Number(_))) =>
                {
                    assert!(c[i..].starts_with(&[' ', '1', '0', '^']), "{latex}");
                    i += 4;
                    let exponent = group(&mut i);
                    let Some(Token::Number(digits)) = tokens.pop() else {
                        unreachable!()
                    };
                    tokens.push(Token::Number(
                        format!("{digits}e{exponent}").parse().unwrap(),
                    ));
                    continue;
                }
                r"\cdot" => {
                    tokens.push(Token::Sign('·'));
                    continue;
                }
                r"\in" => {
                    tokens.push(Token::Sign('∈'));
                    continue;
                }
                r"\sim" => {
                    tokens.push(Token::Sign('~'));
                    continue;
                }
                r"\operatorname" | r"\mathrm" => group(&mut i),
                r"\arcsin" => "asin".into(),
                r"\exp" | r"\sin" | r"\cos" | r"\sinh" | r"\cosh" | r"\max" | r"\min" => {
                    command[1..].into()
                }
                r"\pi" => "π".into(),
                r"\psi" => "ψ".into(),
                r"\Phi" => "Φ".into(),
                r"\Theta" => "Θ".into(),
                r"\theta" => "θ".into(),
                r"\sigma" => "σ".into(),
                r"\gamma" => "γ".into(),
                other if other.starts_with('\\') => panic!("unknown command {other} in {latex}"),
                other => other.into(),
            };
            if c.get(i) == Some(&'_') {
                i += 1;
                name.push('_');
                name.push_str(&group(&mut i).replace(' ', ""));
            }
            while c.get(i) == Some(&'\'') {
                name.push('\'');
                i += 1;
            }
            tokens.push(Token::Name(name));
            if c.get(i) == Some(&'(') {
                tokens.push(Token::Open { call: true });
                i += 1;
            }
        } else if c[i].is_ascii_digit() {
            i = number_end(&c, i);
            let digits: String = c[start..i].iter().collect();
            if digits == "10" && c.get(i) == Some(&'^') {
                i += 1;
                tokens.push(Token::Number(
                    format!("1e{}", group(&mut i)).parse().unwrap(),
                ));
            } else {
                tokens.push(Token::Number(digits.parse().unwrap()));
            }
        } else {
            i += 1;
            match c[start] {
                ' ' => {}
                '^' if c[i] == '{' => tokens.push(Token::Exponent(group(&mut i).parse().unwrap())),
                '^' => {
                    tokens.push(Token::Exponent(c[i].to_digit(10).unwrap() as i32));
                    i += 1;
                }
                '(' => tokens.push(Token::Open { call: false }),
                '-' => tokens.push(Token::Sign('−')),
                other => tokens.push(Token::Sign(other)),
            }
        }
    }
    tokens
}

fn parse(tokens: Vec<Token>) -> Ast {
    let mut parser = Parser { tokens, at: 0 };
    let tree = parser.sum();
    assert_eq!(parser.at, parser.tokens.len(), "{:?}", parser.tokens);
    tree
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn accept(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> Ast {
        let mut terms = Vec::new();
        loop {
            let negative = self.accept('−');
            if !negative && !terms.is_empty() && !self.accept('+') {
                break;
            }
            let term = self.term();
            terms.push(if negative {
                Ast::Negative(Box::new(term))
            } else {
                term
            });
        }
        single(terms, Ast::Sum)
    }

    fn term(&mut self) -> Ast {
        let mut factors = Vec::new();
        loop {
            match self.peek() {
                Some(Token::Mean(set)) => {
                    let set = canonical(set);
                    self.at += 1;
                    factors.push(Ast::Mean(set, Box::new(self.term())));
                    break;
                }
                Some(Token::Number(_) | Token::Name(_) | Token::Open { .. } | Token::Sign('√')) =>
                {
                    factors.push(self.factor());
                }
                _ => break,
            }
        }
        assert!(!factors.is_empty(), "{:?}", &self.tokens[self.at..]);
        let product = single(factors, Ast::Product);
        if !self.accept('/') {
            return product;
        }
        let below = self.factor();
        // Whether a factor after a denominator belongs to it is not to be guessed.
        assert!(
            matches!(self.peek(), None | Some(Token::Sign(_))),
            "{:?}",
            self.tokens
        );
        Ast::Quotient(Box::new(product), Box::new(below))
    }

    fn factor(&mut self) -> Ast {
        let mut factor = self.atom();
        loop {
            if let Some(Token::Exponent(n)) = self.peek() {
                factor = Ast::Power(Box::new(factor), *n);
                self.at += 1;
            } else if self.accept('!') {
                factor = Ast::Factorial(Box::new(factor));
            } else if self.accept('·') {
                return Ast::Dot(Box::new(factor), Box::new(self.factor()));
            } else {
                return factor;
            }
        }
    }

    fn atom(&mut self) -> Ast {
        let token = self.tokens[self.at].clone();
        self.at += 1;
        match token {
            Token::Number(value) => Ast::Number(value),
            Token::Open { .. } => {
                let inner = self.sum();
                assert!(self.accept(')'), "{:?}", self.tokens);
                inner
            }
            Token::Sign('√') => Ast::Root(Box::new(self.atom())),
            Token::Name(name) if self.peek() == Some(&Token::Open { call: true }) => {
                self.at += 1;
                let mut arguments = vec![self.sum()];
                while self.accept(',') || self.accept(';') {
                    arguments.push(self.sum());
                }
                assert!(self.accept(')'), "{:?}", self.tokens);
                Ast::Call(name, arguments)
            }
            Token::Name(name) if name == "E" && self.accept('[') => {
                let inner = self.sum();
                assert!(self.accept(']'), "{:?}", self.tokens);
                Ast::Call(name, vec![inner])
            }
            Token::Name(name) => Ast::Name(name),
            other => panic!("{other:?} in {:?}", self.tokens),
        }
    }
}

fn single(mut parts: Vec<Ast>, join: impl Fn(Vec<Ast>) -> Ast) -> Ast {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}
