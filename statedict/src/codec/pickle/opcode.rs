//! The opcodes of pickle protocols 0 to 5, and what follows each in the stream.

/// The operand of an opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operand {
    /// Nothing.
    Nothing,
    /// That many bytes.
    Fixed(usize),
    /// Text up to a newline.
    Line,
    /// Two lines.
    TwoLines,
    /// A length of that many bytes, and as many bytes.
    Counted(usize),
}

macro_rules! opcodes {
    ($($name:ident = $code:literal, $operand:expr;)*) => {
        $(pub(crate) const $name: u8 = $code;)*

        /// The name of an opcode as Python's `pickletools` prints it; `None` where there is no such opcode.
        pub(crate) fn name(opcode: u8) -> Option<&'static str> {
            match opcode {
                $($code => Some(stringify!($name)),)*
                _ => None,
            }
        }

        /// Returns the operand of an opcode; `None` where there is no such opcode.
        pub(crate) const fn operand(opcode: u8) -> Option<Operand> {
            use Operand::{Counted, Fixed, Line, Nothing, TwoLines};
            match opcode {
                $($code => Some($operand),)*
                _ => None,
            }
        }
    };
}

opcodes! {
    MARK = b'(', Nothing;
    STOP = b'.', Nothing;
    POP = b'0', Nothing;
    POP_MARK = b'1', Nothing;
    DUP = b'2', Nothing;
    FLOAT = b'F', Line;
    INT = b'I', Line;
    BININT = b'J', Fixed(4);
    BININT1 = b'K', Fixed(1);
    LONG = b'L', Line;
    BININT2 = b'M', Fixed(2);
    NONE = b'N', Nothing;
    PERSID = b'P', Line;
    BINPERSID = b'Q', Nothing;
    REDUCE = b'R', Nothing;
    STRING = b'S', Line;
    BINSTRING = b'T', Counted(4);
    SHORT_BINSTRING = b'U', Counted(1);
    UNICODE = b'V', Line;
    BINUNICODE = b'X', Counted(4);
    APPEND = b'a', Nothing;
    BUILD = b'b', Nothing;
    GLOBAL = b'c', TwoLines;
    DICT = b'd', Nothing;
    EMPTY_DICT = b'}', Nothing;
    APPENDS = b'e', Nothing;
    GET = b'g', Line;
    BINGET = b'h', Fixed(1);
    INST = b'i', TwoLines;
    LONG_BINGET = b'j', Fixed(4);
    LIST = b'l', Nothing;
    EMPTY_LIST = b']', Nothing;
    OBJ = b'o', Nothing;
    PUT = b'p', Line;
    BINPUT = b'q', Fixed(1);
    LONG_BINPUT = b'r', Fixed(4);
    SETITEM = b's', Nothing;
    TUPLE = b't', Nothing;
    EMPTY_TUPLE = b')', Nothing;
    SETITEMS = b'u', Nothing;
    BINFLOAT = b'G', Fixed(8);
    PROTO = 0x80, Fixed(1);
    NEWOBJ = 0x81, Nothing;
    EXT1 = 0x82, Fixed(1);
    EXT2 = 0x83, Fixed(2);
    EXT4 = 0x84, Fixed(4);
    TUPLE1 = 0x85, Nothing;
    TUPLE2 = 0x86, Nothing;
    TUPLE3 = 0x87, Nothing;
    NEWTRUE = 0x88, Nothing;
    NEWFALSE = 0x89, Nothing;
    LONG1 = 0x8a, Counted(1);
    LONG4 = 0x8b, Counted(4);
    BINBYTES = b'B', Counted(4);
    SHORT_BINBYTES = b'C', Counted(1);
    SHORT_BINUNICODE = 0x8c, Counted(1);
    BINUNICODE8 = 0x8d, Counted(8);
    BINBYTES8 = 0x8e, Counted(8);
    EMPTY_SET = 0x8f, Nothing;
    ADDITEMS = 0x90, Nothing;
    FROZENSET = 0x91, Nothing;
    NEWOBJ_EX = 0x92, Nothing;
    STACK_GLOBAL = 0x93, Nothing;
    MEMOIZE = 0x94, Nothing;
    FRAME = 0x95, Fixed(8);
    BYTEARRAY8 = 0x96, Counted(8);
    NEXT_BUFFER = 0x97, Nothing;
    READONLY_BUFFER = 0x98, Nothing;
}
