//! The one table of SQL errors: MySQL's codes, SQLSTATEs and texts.
//!
//! Promises: every error a client can see is made here; drivers branch on `code` and `state`. The message says what
//! happened and why, and the next thing to try where MySQL's own text does not.

use std::borrow::Cow;

/// An error as the client sees it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// MySQL's error number.
    pub code: u16,
    /// SQLSTATE, five characters.
    pub state: &'static str,
    /// The message.
    pub message: Cow<'static, str>,
}

impl SqlError {
    /// An error with its SQLSTATE looked up from the code.
    pub fn new(code: u16, message: impl Into<Cow<'static, str>>) -> Self {
        SqlError { code, state: state_of(code), message: message.into() }
    }

    /// 1235: a clause or statement that is not supported, named (R39).
    pub fn unsupported(what: impl std::fmt::Display) -> Self {
        SqlError::new(1235, format!("This version of Headwaters doesn't yet support '{what}'"))
    }

    /// 1064: the statement does not parse.
    pub fn syntax(detail: impl std::fmt::Display) -> Self {
        SqlError::new(1064, format!("You have an error in your SQL syntax; {detail}"))
    }
}

/// SQLSTATE of a code (MySQL 8.0 error reference); `HY000` where there is no special one.
pub fn state_of(code: u16) -> &'static str {
    match code {
        1044 | 1049 | 1141 | 1142 | 1143 | 1147 | 1149 if matches!(code, 1049) => "42000",
        1022 | 1062 | 1169 | 1451 | 1452 | 1048 | 1052 | 1216 | 1217 => "23000",
        1045 => "28000",
        1040 => "08004",
        1043 | 1047 | 1053 | 1080 | 1081 | 1152..=1160 | 1184 | 1189 | 1190 => "08S01",
        1044 | 1059..=1061 | 1063..=1075 | 1083 | 1084 | 1090 | 1091 | 1101..=1104 | 1106 | 1107 | 1110..=1113 => {
            "42000"
        }
        1115 | 1118 | 1120 | 1121 | 1131..=1133 | 1139..=1145 | 1147..=1149 | 1161..=1164 | 1166..=1168 => "42000",
        1170
        | 1171
        | 1173
        | 1176
        | 1177
        | 1178
        | 1203
        | 1211
        | 1226
        | 1227
        | 1230..=1232
        | 1234
        | 1235
        | 1239
        | 1248
        | 1250
        | 1252 => "42000",
        1286 | 1304 | 1305 | 1318 | 1327 | 1364 => {
            if code == 1364 {
                "HY000"
            } else {
                "42000"
            }
        }
        1050 => "42S01",
        1051 | 1146 | 1109 => "42S02",
        1054 | 1247 => "42S22",
        1241 | 1242 => "21000",
        1136 | 1222 => "21S01",
        1213 => "40001",
        1264 | 1690 => "22003",
        1292 => "22007",
        1365 => "22012",
        1406 => "22001",
        1317 => "70100",
        1568 => "25001",
        1792 => "25006",
        _ => "HY000",
    }
}
